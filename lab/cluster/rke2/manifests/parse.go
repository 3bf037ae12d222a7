package manifests

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// Parse reads a file of YAML or JSON documents; a List counts as its items.
func Parse(content []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for n := 1; ; n++ {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		if len(object.Object) == 0 {
			continue
		}
		if object.IsList() {
			err := object.EachListItem(func(item runtime.Object) error {
				one, ok := item.(*unstructured.Unstructured)
				if !ok {
					return fmt.Errorf("document %d: a list item is a %T", n, item)
				}
				objects = append(objects, one)
				return nil
			})
			if err != nil {
				return nil, err
			}
			continue
		}
		if object.GetKind() == "" || object.GetAPIVersion() == "" || object.GetName() == "" {
			return nil, fmt.Errorf("document %d: want apiVersion, kind and metadata.name", n)
		}
		objects = append(objects, object)
	}
}

func isNotFound(err error) bool { return apierrors.IsNotFound(err) }
