// Command xrdcheck answers, without a cluster, what Crossplane and an API server would say to composite resource
// definitions, and to the composite resources that they define.
//
//	xrdcheck -crds DIR definitions XRD...             are these definitions accepted, and is what Crossplane derives of them?
//	xrdcheck -crds DIR create XRD MANIFEST            is this composite accepted when it is created?
//	xrdcheck -crds DIR update XRD MANIFEST OLD        and as the successor of another one?
//	xrdcheck -crds DIR status XRD MANIFEST OLD        and as a new status of another one?
//
// Where a composite resource definition is wanted, a CRD will do: then the manifest is of that kind.
//
// DIR holds Crossplane's own CRDs. The code that decides is Crossplane's and the API server's; this command only calls
// it in their order. Every problem is one line of standard output, "FILE: field: what is wrong".
// Exit status: 0 accepted, 1 refused, 2 used wrongly.
package main

import (
	"flag"
	"fmt"
	"os"

	"k8s.io/klog/v2"
)

const (
	accepted = iota
	refused
	misused
)

func main() {
	klog.LogToStderr(true)
	os.Exit(run(os.Args[1:]))
}

func run(arguments []string) int {
	flags := flag.NewFlagSet("xrdcheck", flag.ContinueOnError)
	crds := flags.String("crds", "crds", "folder with Crossplane's own CRDs")
	if flags.Parse(arguments) != nil {
		return misused
	}
	checks := map[string]func(*server, []string) []problem{
		"definitions": checkDefinitions,
		"create":      withFiles(2, checkCreate),
		"update":      withFiles(3, checkUpdate),
		"status":      withFiles(3, checkStatus),
	}
	check, known := checks[flags.Arg(0)]
	if !known || flags.NArg() < 2 {
		fmt.Fprintln(os.Stderr, "usage: xrdcheck -crds DIR definitions XRD... | create XRD MANIFEST | update|status XRD MANIFEST OLD")
		return misused
	}
	server, err := newServer(*crds)
	if err != nil {
		fmt.Fprintf(os.Stderr, "xrdcheck: %v\n", err)
		return misused
	}
	problems := check(server, flags.Args()[1:])
	for _, found := range problems {
		fmt.Println(found)
	}
	if len(problems) > 0 {
		return refused
	}
	return accepted
}

// checkDefinitions checks every definition of every file.
func checkDefinitions(s *server, files []string) []problem {
	found := []problem{}
	for _, file := range files {
		documents, err := read(file)
		if err != nil {
			found = append(found, problems(file, err)...)
			continue
		}
		for _, document := range documents {
			_, err := s.define(document)
			found = append(found, problems(file, err)...)
		}
	}
	return found
}

// withFiles makes a check that takes a number of files with one document each.
func withFiles(number int, check func(*server, []manifest) (manifest, error)) func(*server, []string) []problem {
	return func(s *server, files []string) []problem {
		if len(files) != number {
			return []problem{{file: "arguments", what: fmt.Sprintf("%d files are needed, not %d", number, len(files))}}
		}
		given := []manifest{}
		for _, file := range files {
			document, err := readOne(file)
			if err != nil {
				return problems(file, err)
			}
			given = append(given, manifest{file: file, document: document})
		}
		blamed, err := check(s, given)
		return problems(blamed.file, err)
	}
}

func checkCreate(s *server, given []manifest) (manifest, error) {
	kind, err := s.define(given[0].document)
	if err != nil {
		return given[0], err
	}
	_, err = kind.create(given[1].document)
	return given[1], err
}

func checkUpdate(s *server, given []manifest) (manifest, error) {
	return checkSuccessor(s, given, (*servedKind).update)
}

func checkStatus(s *server, given []manifest) (manifest, error) {
	return checkSuccessor(s, given, (*servedKind).updateStatus)
}

func checkSuccessor(s *server, given []manifest, succeed succession) (manifest, error) {
	kind, err := s.define(given[0].document)
	if err != nil {
		return given[0], err
	}
	old, err := kind.create(given[2].document)
	if err != nil {
		return given[2], err
	}
	return given[1], succeed(kind, given[1].document, old)
}
