package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/kustomize/v5/commands/build"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// runKustomize is Kustomize's own command, as the image has it beside Argo CD's programs.
func runKustomize(_ context.Context, arguments []string) error {
	root := &cobra.Command{Use: "kustomize", SilenceUsage: true}
	root.AddCommand(build.NewCmdBuild(filesys.MakeFsOnDisk(), build.MakeHelp("kustomize", "build"), os.Stdout))
	root.SetArgs(arguments)
	return root.Execute()
}

// manifestRequest asks for the objects of a folder of a repository.
type manifestRequest struct {
	Repository repository `json:"repository"`
	Revision   string     `json:"revision"`
	Path       string     `json:"path"`
	// App and Namespace go into the objects' marks.
	App       string `json:"app"`
	Namespace string `json:"namespace"`
	// Options are those of Kustomize, from argocd-cm.
	Options     string   `json:"options"`
	KubeVersion string   `json:"kubeVersion"`
	APIVersions []string `json:"apiVersions"`
	// NoCache has the folder rendered anew, NoRevisionCache the revision looked up anew.
	NoCache         bool `json:"noCache"`
	NoRevisionCache bool `json:"noRevisionCache"`
}

// manifests are a folder's objects, each marked for its Application.
type manifests struct {
	Revision   string            `json:"revision"`
	SourceType string            `json:"sourceType"`
	Objects    []json.RawMessage `json:"objects"`
}

// Kinds of folders (reposerver/repository, GetAppSourceType).
const (
	kustomizeSource = "Kustomize"
	directorySource = "Directory"
)

var kustomizations = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// render builds a folder of a repository that is checked out.
func render(ctx context.Context, root string, request manifestRequest) (manifests, error) {
	folder := filepath.Join(root, filepath.FromSlash(request.Path))
	if info, err := os.Stat(folder); err != nil || !info.IsDir() || !strings.HasPrefix(folder, root) {
		return manifests{}, fmt.Errorf("%s: app path does not exist", request.Path)
	}
	sourceType, objects, err := objectsOf(ctx, root, folder, request)
	if err != nil {
		return manifests{}, err
	}
	rendered := manifests{SourceType: sourceType}
	for _, object := range objects {
		track(object, request.App, request.Namespace)
		content, err := object.MarshalJSON()
		if err != nil {
			return manifests{}, err
		}
		rendered.Objects = append(rendered.Objects, content)
	}
	return rendered, nil
}

func objectsOf(ctx context.Context, root, folder string, request manifestRequest) (string, []*unstructured.Unstructured, error) {
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(folder, name))
		return err == nil
	}
	if has("Chart.yaml") || has(".argocd-source.yaml") {
		return "", nil, errors.New("the lab's Argo CD plays folders for Kustomize and of manifests: no chart by itself, and no .argocd-source.yaml")
	}
	if slices.ContainsFunc(kustomizations, has) {
		line := append([]string{"kustomize", "build", folder}, strings.Fields(request.Options)...)
		if strings.Contains(request.Options, "--enable-helm") {
			line = append(line, "--helm-kube-version", request.KubeVersion)
			for _, version := range request.APIVersions {
				line = append(line, "--helm-api-versions", version)
			}
		}
		output, err := run(ctx, root, os.Environ(), line...)
		if err != nil {
			return "", nil, shortened(err, line, root)
		}
		objects, err := kube.SplitYAML([]byte(output))
		return kustomizeSource, objects, err
	}
	objects, err := manifestsIn(folder)
	return directorySource, objects, err
}

// shortened is Kustomize's error without the hundreds of kinds that it was told of.
func shortened(err error, line []string, root string) error {
	text := strings.Replace(err.Error(), strings.Join(line, " "), strings.Join(line[:min(len(line), 4)], " "), 1)
	return errors.New(strings.ReplaceAll(text, root, "<path to cached source>"))
}

// manifestsIn reads the YAML and JSON files of a folder, and none below it.
func manifestsIn(folder string) ([]*unstructured.Unstructured, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	all := []*unstructured.Unstructured{}
	for _, entry := range entries {
		if entry.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(entry.Name())) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		objects, err := kube.SplitYAML(content)
		if err != nil {
			return nil, fmt.Errorf("failed to unmarshal manifest %q: %w", entry.Name(), err)
		}
		all = append(all, objects...)
	}
	return all, nil
}
