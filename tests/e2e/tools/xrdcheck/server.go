package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/crossplane/crossplane-runtime/v2/pkg/xcrd"
	xpv1 "github.com/crossplane/crossplane/apis/v2/apiextensions/v1"
	xpv2 "github.com/crossplane/crossplane/apis/v2/apiextensions/v2"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
)

// definitionsCRD is the file of Crossplane's CRD of composite resource definitions.
const definitionsCRD = "apiextensions.crossplane.io_compositeresourcedefinitions.yaml"

// A server accepts composite resource definitions as a control plane with Crossplane would.
type server struct {
	scheme *runtime.Scheme

	// definitions is the kind CompositeResourceDefinition in the version that they are written in,
	// stored the same in the version that Crossplane reads.
	definitions, stored *servedKind
}

// newServer gives a server with the CRDs of a folder.
func newServer(crds string) (*server, error) {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	s := &server{scheme: scheme}

	document, err := readOne(filepath.Join(crds, definitionsCRD))
	if err != nil {
		return nil, err
	}
	crd := &extv1.CustomResourceDefinition{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(document.Object, crd); err != nil {
		return nil, err
	}
	internal, err := s.accept(crd)
	if err != nil {
		return nil, fmt.Errorf("Crossplane's own CRD is refused: %w", err)
	}
	if s.definitions, err = serve(internal, xpv2.SchemeGroupVersion.Version); err != nil {
		return nil, err
	}
	s.stored, err = serve(internal, xpv1.SchemeGroupVersion.Version)
	return s, err
}

// define checks a definition, derives its CRD as Crossplane does, checks that too, and serves it. A CRD is served as it is.
func (s *server) define(document *unstructured.Unstructured) (*servedKind, error) {
	if document.GroupVersionKind() == extv1.SchemeGroupVersion.WithKind("CustomResourceDefinition") {
		crd := &extv1.CustomResourceDefinition{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(document.Object, crd); err != nil {
			return nil, err
		}
		return s.establish(crd)
	}
	written, err := s.definitions.create(document)
	if err != nil {
		return nil, err
	}
	// There is no conversion between the versions: what was written is read under the other version's name.
	written.SetAPIVersion(xpv1.SchemeGroupVersion.String())
	s.stored.fill(written)
	xrd := &xpv1.CompositeResourceDefinition{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(written.Object, xrd); err != nil {
		return nil, err
	}
	derived, err := xcrd.ForCompositeResource(xrd)
	if err != nil {
		return nil, err
	}
	return s.establish(derived)
}

// establish checks a CRD and serves its storage version.
func (s *server) establish(crd *extv1.CustomResourceDefinition) (*servedKind, error) {
	internal, err := s.accept(crd)
	if err != nil {
		return nil, err
	}
	var kind *servedKind
	for _, version := range internal.Spec.Versions {
		served, err := serve(internal, version.Name)
		if err != nil {
			return nil, err
		}
		if version.Storage {
			kind = served
		}
	}
	return kind, nil
}

// accept does what an API server does with a CRD that is created: names, structure of the schema, printer columns,
// defaults, and the rules with their cost.
func (s *server) accept(crd *extv1.CustomResourceDefinition) (*apiextensions.CustomResourceDefinition, error) {
	s.scheme.Default(crd)
	internal := &apiextensions.CustomResourceDefinition{}
	if err := s.scheme.Convert(crd, internal, nil); err != nil {
		return nil, err
	}
	rest.FillObjectMetaSystemFields(internal)
	ctx := genericapirequest.WithNamespace(context.Background(), "")
	if err := rest.BeforeCreate(customresourcedefinition.NewStrategy(s.scheme), ctx, internal); err != nil {
		return nil, err
	}
	return internal, nil
}
