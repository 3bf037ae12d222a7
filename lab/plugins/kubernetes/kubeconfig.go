package kubernetes

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/client-go/tools/clientcmd"
	clientapi "k8s.io/client-go/tools/clientcmd/api"
)

// parseKubeconfig reads a kubeconfig given as text (YAML or JSON) or as the path of a file, where
// a leading "~" is the home directory.
func parseKubeconfig(pathOrText string) (*clientapi.Config, error) {
	if pathOrText == "" {
		return clientapi.NewConfig(), nil
	}
	path := pathOrText
	if rest, found := strings.CutPrefix(path, "~"); found && (rest == "" || rest[0] == '/') {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		path = filepath.Join(home, rest)
	}
	text := []byte(pathOrText)
	if _, err := os.Stat(path); err == nil {
		if text, err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	return clientcmd.Load(text)
}

// kubeconfigOf reads the provider argument, which may also be the kubeconfig as an object.
func kubeconfigOf(value resource.PropertyValue) (*clientapi.Config, error) {
	if value.IsSecret() {
		value = value.SecretValue().Element
	}
	var text string
	switch {
	case value.IsNull():
		return clientapi.NewConfig(), nil
	case value.IsString():
		text = value.StringValue()
	case value.IsObject():
		encoded, err := json.Marshal(value.ObjectValue().Mappable())
		if err != nil {
			return nil, fmt.Errorf("failed to unmarshal kubeconfig: %w", err)
		}
		text = string(encoded)
	default:
		return nil, fmt.Errorf("unexpected kubeconfig format, type: %v", value.TypeString())
	}
	config, err := parseKubeconfig(text)
	if err != nil {
		return nil, fmt.Errorf("failed to parse kubeconfig: %w", err)
	}
	return config, nil
}

// activeCluster finds the cluster entry that a provider talks to: the one of the current context,
// unless the provider's arguments context or cluster name another. Nil when there is none.
func activeCluster(config *clientapi.Config, args resource.PropertyMap) *clientapi.Cluster {
	current := config.CurrentContext
	if v := args["context"]; v.IsString() {
		current = v.StringValue()
	}
	entry := config.Contexts[current]
	if entry == nil {
		return nil
	}
	if v := args["cluster"]; v.IsString() {
		return config.Clusters[v.StringValue()]
	}
	return config.Clusters[entry.Cluster]
}
