package main

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured/unstructuredscheme"
	"k8s.io/apimachinery/pkg/runtime/schema"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
)

// A succession decides whether a document may take the place of an accepted one.
type succession func(kind *servedKind, document, old *unstructured.Unstructured) error

// A servedKind is one version of a custom resource, as an API server serves it.
type servedKind struct {
	gvk        schema.GroupVersionKind
	namespaced bool
	structure  *structuralschema.Structural
	writes     rest.RESTCreateUpdateStrategy
	statuses   rest.RESTUpdateStrategy
}

// serve prepares to serve a version of an accepted CRD.
func serve(crd *apiextensions.CustomResourceDefinition, version string) (*servedKind, error) {
	gvk := schema.GroupVersionKind{Group: crd.Spec.Group, Version: version, Kind: crd.Spec.Names.Kind}
	props, subresources, err := parts(crd, version)
	if err != nil {
		return nil, err
	}
	structure, err := structuralschema.NewStructural(props)
	if err != nil {
		return nil, err
	}
	structure = structure.DeepCopy()
	if err := defaulting.PruneDefaults(structure); err != nil {
		return nil, err
	}
	whole, _, err := validation.NewSchemaValidator(props)
	if err != nil {
		return nil, err
	}
	var status validation.SchemaValidator
	if statusProps, found := props.Properties["status"]; found {
		if status, _, err = validation.NewSchemaValidator(&statusProps); err != nil {
			return nil, err
		}
	}
	namespaced := crd.Spec.Scope == apiextensions.NamespaceScoped
	strategy := customresource.NewStrategy(
		unstructuredscheme.NewUnstructuredObjectTyper(), namespaced, gvk, whole, status, structure,
		subresources.Status, subresources.Scale, nil)
	return &servedKind{
		gvk:        gvk,
		namespaced: namespaced,
		structure:  structure,
		writes:     strategy,
		statuses:   customresource.NewStatusStrategy(strategy),
	}, nil
}

// parts gives the schema and the subresources of a version, which stand at the top of a CRD when its versions agree, and
// checks that its printer columns can be printed.
func parts(crd *apiextensions.CustomResourceDefinition, name string) (*apiextensions.JSONSchemaProps, apiextensions.CustomResourceSubresources, error) {
	none := apiextensions.CustomResourceSubresources{}
	for _, version := range crd.Spec.Versions {
		if version.Name != name {
			continue
		}
		validated, subresources, columns := crd.Spec.Validation, crd.Spec.Subresources, crd.Spec.AdditionalPrinterColumns
		if version.Schema != nil {
			validated = version.Schema
		}
		if version.Subresources != nil {
			subresources = version.Subresources
		}
		if version.AdditionalPrinterColumns != nil {
			columns = version.AdditionalPrinterColumns
		}
		if validated == nil || validated.OpenAPIV3Schema == nil {
			return nil, none, fmt.Errorf("version %s has no schema", name)
		}
		if subresources == nil {
			subresources = &none
		}
		return validated.OpenAPIV3Schema, *subresources, printable(columns)
	}
	return nil, none, fmt.Errorf("there is no version %s", name)
}

func printable(columns []apiextensions.CustomResourceColumnDefinition) error {
	external := make([]extv1.CustomResourceColumnDefinition, len(columns))
	for i, column := range columns {
		if err := extv1.Convert_apiextensions_CustomResourceColumnDefinition_To_v1_CustomResourceColumnDefinition(&column, &external[i], nil); err != nil {
			return err
		}
	}
	_, err := tableconvertor.New(external)
	return err
}

// create accepts a new object, and gives it as it would be stored. Unknown fields are refused, as kubectl asks for.
func (k *servedKind) create(document *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	object, err := k.decode(document)
	if err != nil {
		return nil, err
	}
	object.SetUID("")
	rest.FillObjectMetaSystemFields(object)
	if err := rest.BeforeCreate(k.writes, k.request(object), object); err != nil {
		return nil, err
	}
	object.SetResourceVersion("1")
	return object, nil
}

// update decides whether an object may take the place of an accepted one.
func (k *servedKind) update(document, old *unstructured.Unstructured) error {
	return k.succeed(k.writes, document, old)
}

// updateStatus decides whether the status of an object may become the status of an accepted one.
func (k *servedKind) updateStatus(document, old *unstructured.Unstructured) error {
	return k.succeed(k.statuses, document, old)
}

func (k *servedKind) succeed(strategy rest.RESTUpdateStrategy, document, old *unstructured.Unstructured) error {
	object, err := k.decode(document)
	if err != nil {
		return err
	}
	object.SetUID(old.GetUID())
	object.SetCreationTimestamp(old.GetCreationTimestamp())
	object.SetResourceVersion(old.GetResourceVersion())
	return rest.BeforeUpdate(strategy, k.request(object), object, old)
}

// decode reads an object as the API server does: what is not in the schema goes, and is reported; then come defaults.
func (k *servedKind) decode(document *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if got := document.GroupVersionKind(); got != k.gvk {
		return nil, fmt.Errorf("it is a %s, and a %s is wanted", got, k.gvk)
	}
	object := document.DeepCopy()
	meta, found, unknown, err := objectmeta.GetObjectMetaWithOptions(object.Object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return nil, err
	}
	tracked := structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	unknown = append(unknown, pruning.PruneWithOptions(object.Object, k.structure, true, tracked)...)
	defaulting.PruneNonNullableNullsWithoutDefaults(object.Object, k.structure)
	coerced, embedded := objectmeta.CoerceWithOptions(nil, object.Object, k.structure, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if coerced != nil {
		return nil, coerced
	}
	if unknown = append(unknown, embedded...); len(unknown) > 0 {
		return nil, fmt.Errorf("unknown fields: %s", strings.Join(unknown, ", "))
	}
	object.SetGroupVersionKind(k.gvk)
	if found {
		if err := objectmeta.SetObjectMeta(object.Object, meta); err != nil {
			return nil, err
		}
	}
	if k.namespaced && object.GetNamespace() == "" {
		object.SetNamespace("default")
	}
	k.fill(object)
	return object, nil
}

// fill writes the schema's defaults into an object.
func (k *servedKind) fill(object *unstructured.Unstructured) {
	defaulting.Default(object.Object, k.structure)
}

func (k *servedKind) request(object *unstructured.Unstructured) context.Context {
	namespace := ""
	if k.namespaced {
		namespace = object.GetNamespace()
	}
	return genericapirequest.WithNamespace(context.Background(), namespace)
}
