package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// A manifest is a document and the file that it is from.
type manifest struct {
	file     string
	document *unstructured.Unstructured
}

// A problem is one thing that is wrong with a file.
type problem struct {
	file  string
	field string
	what  string
}

func (p problem) String() string {
	what := strings.Join(strings.Fields(p.what), " ") // on one line
	if p.field == "" {
		return p.file + ": " + what
	}
	return p.file + ": " + p.field + ": " + what
}

// problems splits an error into the problems that an API server lists in it.
func problems(file string, err error) []problem {
	if err == nil {
		return nil
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		if details := status.Status().Details; details != nil && len(details.Causes) > 0 {
			found := []problem{}
			for _, cause := range details.Causes {
				found = append(found, problem{file: file, field: cause.Field, what: cause.Message})
			}
			return found
		}
	}
	return []problem{{file: file, what: err.Error()}}
}

// read reads the documents of a YAML file. A key that stands twice is an error.
func read(file string) ([]*unstructured.Unstructured, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	documents := []*unstructured.Unstructured{}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		body, err := yaml.YAMLToJSONStrict(text)
		if err != nil {
			return nil, err
		}
		if string(body) == "null" {
			continue
		}
		document := &unstructured.Unstructured{}
		if err := document.UnmarshalJSON(body); err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	if len(documents) == 0 {
		return nil, errors.New("there is no document in it")
	}
	return documents, nil
}

// readOne reads a file with a single document.
func readOne(file string) (*unstructured.Unstructured, error) {
	documents, err := read(file)
	if err != nil {
		return nil, err
	}
	if len(documents) > 1 {
		return nil, fmt.Errorf("there are %d documents in it, and only one is wanted", len(documents))
	}
	return documents[0], nil
}
