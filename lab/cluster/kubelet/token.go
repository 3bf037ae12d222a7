package kubelet

import (
	"context"
	"net"
	"time"

	"golang.org/x/oauth2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"

	"homelab/lab/cluster/kubelet/volumes"
)

// tokenSeconds is the lifetime of a pod's token; it is renewed before it ends.
const tokenSeconds = int64(3607)

// podTokens asks for tokens bound to one pod.
type podTokens struct {
	kubelet *kubelet
	pod     *corev1.Pod
}

// Token implements oauth2.TokenSource.
func (t podTokens) Token() (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	seconds := tokenSeconds
	answer, err := volumes.RequestToken(ctx, t.kubelet.client, t.pod, &seconds, nil)
	if err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: answer.Token, Expiry: answer.ExpirationTimestamp.Time}, nil
}

// podAPI is the way from a pod to the API server, as the pod's service account.
func (k *kubelet) podAPI(pod *corev1.Pod, environment map[string]string) *rest.Config {
	config := rest.AnonymousClientConfig(k.config)
	config.UserAgent = "lab/" + pod.Name
	config.QPS, config.Burst = 50, 100
	if host := environment["KUBERNETES_SERVICE_HOST"]; host != "" {
		port := environment["KUBERNETES_SERVICE_PORT"]
		if port == "" {
			port = "443"
		}
		config.Host = "https://" + net.JoinHostPort(host, port)
	}
	tokens := transport.NewCachedTokenSource(podTokens{kubelet: k, pod: pod})
	config.Wrap(transport.TokenSourceWrapTransport(tokens))
	return config
}
