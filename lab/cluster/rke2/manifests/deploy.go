// Package manifests applies the files of server/manifests, as RKE2's deploy controller does on
// every server: all of them when the server starts, and later those that change on this server
// (WatchFiles in k3s's pkg/deploy/controller.go). So a server that starts with an old file puts
// back what another one has applied since. RKE2 records each file in an AddOn resource and removes
// what a file no longer holds; this one does neither, and HelmChart resources have no controller.
// https://docs.rke2.io/advanced#auto-deploying-manifests
package manifests

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

const (
	scan = time.Second
	// A file that failed (its CRD may come later) is tried again after this time.
	retry = 3 * time.Second
	// The servers apply as one, so that what one applies takes the place of what another did.
	manager = "deploy"
)

// Deployer applies a directory's manifests.
type Deployer struct {
	dir    string
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
	log    *slog.Logger
	done   map[string][sha256.Size]byte
	failed map[string]time.Time
}

// New makes a deployer for dir.
func New(config *rest.Config, dir string, log *slog.Logger) (*Deployer, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Deployer{
		dir: dir, client: client, log: log,
		mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found)),
		done:   map[string][sha256.Size]byte{}, failed: map[string]time.Time{},
	}, nil
}

// Run applies what is new or changed, looking every second, until ctx ends.
func (d *Deployer) Run(ctx context.Context) error {
	for ticker := time.NewTicker(scan); ; {
		if err := d.scan(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			ticker.Stop()
			return nil
		case <-ticker.C:
		}
	}
}

func (d *Deployer) scan(ctx context.Context) error {
	var files []string
	err := filepath.WalkDir(d.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ext := filepath.Ext(path); !entry.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, ext) {
			files = append(files, path)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("manifests: %w", err)
	}
	for _, path := range files {
		if _, err := os.Stat(path + ".skip"); err == nil {
			continue
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("manifests: %w", err)
		}
		sum := sha256.Sum256(content)
		if d.done[path] == sum || time.Since(d.failed[path]) < retry {
			continue
		}
		if err := d.apply(ctx, content); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			d.failed[path] = time.Now()
			d.log.Error(fmt.Sprintf("Failed to process config: failed to process %s: %v", path, err))
			continue
		}
		delete(d.failed, path)
		d.done[path] = sum
		d.log.Info("Applied manifest " + strings.TrimPrefix(path, d.dir+"/"))
	}
	return nil
}

func (d *Deployer) apply(ctx context.Context, content []byte) error {
	objects, err := Parse(content)
	if err != nil {
		return err
	}
	var failures []error
	for _, object := range objects {
		if err := d.applyOne(ctx, object); err != nil {
			failures = append(failures, fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err))
		}
	}
	return errors.Join(failures...)
}

func (d *Deployer) applyOne(ctx context.Context, object *unstructured.Unstructured) error {
	resource, err := d.resource(object)
	if err != nil {
		return err
	}
	_, err = resource.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: manager, Force: true})
	return err
}

func (d *Deployer) resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := object.GroupVersionKind()
	mapping, err := d.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		// The kind may have been defined since the last look.
		d.mapper.Reset()
		mapping, err = d.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return d.client.Resource(mapping.Resource), nil
	}
	if object.GetNamespace() == "" {
		object.SetNamespace(metav1.NamespaceDefault)
	}
	return d.client.Resource(mapping.Resource).Namespace(object.GetNamespace()), nil
}

// Delete removes the objects of a manifest, those that exist.
func (d *Deployer) Delete(ctx context.Context, content []byte) error {
	objects, err := Parse(content)
	if err != nil {
		return err
	}
	for _, object := range objects {
		resource, err := d.resource(object)
		if err != nil {
			return err
		}
		err = resource.Delete(ctx, object.GetName(), metav1.DeleteOptions{})
		if err != nil && !isNotFound(err) {
			return err
		}
	}
	return nil
}
