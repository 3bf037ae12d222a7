package tailscale

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"homelab/lab/cluster/kubelet/program"
)

// settings are the operator's, from the environment that its chart gives it.
type settings struct {
	namespace    string
	hostname     string
	tags         []string
	secret       string
	proxyImage   string
	proxyTags    []string
	firewallMode string
	ingressClass string
	// defaultClass is the class of proxies that name none; it is not for Connectors.
	defaultClass string
}

// readSettings reads the environment, with the real operator's defaults.
func readSettings(c program.Container) (settings, error) {
	value := func(name, standard string) string {
		if text := c.Env[name]; text != "" {
			return text
		}
		return standard
	}
	s := settings{
		namespace: value("OPERATOR_NAMESPACE", c.Pod.Namespace), hostname: value("OPERATOR_HOSTNAME", "tailscale-operator"),
		tags:   strings.Split(value("OPERATOR_INITIAL_TAGS", "tag:k8s-operator"), ","),
		secret: value("OPERATOR_SECRET", "operator"), proxyImage: value("PROXY_IMAGE", "tailscale/tailscale:latest"),
		proxyTags:    strings.Split(value("PROXY_TAGS", "tag:k8s"), ","),
		firewallMode: c.Env["PROXY_FIREWALL_MODE"], ingressClass: value("OPERATOR_INGRESS_CLASS_NAME", "tailscale"),
		defaultClass: c.Env["PROXY_DEFAULT_CLASS"],
	}
	if server := c.Env["OPERATOR_LOGIN_SERVER"]; server != "" {
		return s, fmt.Errorf("OPERATOR_LOGIN_SERVER=%q: the lab only knows Tailscale's own control plane", server)
	}
	switch mode := value("APISERVER_PROXY", "false"); mode {
	case "false":
	case "true", "noauth":
		// It would listen at the device's address in the tailnet, which nobody reaches here.
		c.Logger.Warn("the API server proxy is not played: no packet reaches the operator's device", "mode", mode)
	default:
		return s, fmt.Errorf("APISERVER_PROXY=%q: must be true, false or noauth", mode)
	}
	return s, nil
}

// readCredentials reads the OAuth client's id and secret from the files that the environment names.
func readCredentials(ctx context.Context, c program.Container) (id, secret string, err error) {
	if c.Env["CLIENT_ID"] != "" {
		return "", "", errors.New("CLIENT_ID: the lab has no workload identity; give CLIENT_ID_FILE and CLIENT_SECRET_FILE")
	}
	if id, err = readFile(ctx, c, "CLIENT_ID_FILE"); err != nil {
		return "", "", err
	}
	secret, err = readFile(ctx, c, "CLIENT_SECRET_FILE")
	return id, secret, err
}

// readFile reads the file that the variable names from the Secret that is mounted there.
func readFile(ctx context.Context, c program.Container, variable string) (string, error) {
	file := c.Env[variable]
	for _, mount := range c.Spec.VolumeMounts {
		if mount.MountPath != path.Dir(file) {
			continue
		}
		files, err := c.SecretVolume(ctx, mount.Name)
		if err != nil {
			return "", fmt.Errorf("%s: %w", variable, err)
		}
		text := strings.TrimSpace(files[path.Base(file)])
		if text == "" {
			return "", fmt.Errorf("%s: reading file %s: no such file or directory, or it is empty", variable, file)
		}
		return text, nil
	}
	return "", fmt.Errorf("%s=%q: no volume is mounted there", variable, file)
}
