package kubelet

import (
	"context"
	"net"
	"time"

	"golang.org/x/oauth2"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"
)

// tokenSeconds is the lifetime of a pod's token; it is renewed before it ends.
const tokenSeconds = int64(3607)

// podTokens asks for tokens bound to one pod, with the node's right to do so for its own pods
// (https://kubernetes.io/docs/reference/access-authn-authz/node/).
type podTokens struct {
	kubelet *kubelet
	pod     *corev1.Pod
}

// Token implements oauth2.TokenSource.
func (t podTokens) Token() (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	seconds := tokenSeconds
	account := t.pod.Spec.ServiceAccountName
	if account == "" {
		account = "default"
	}
	request, err := t.kubelet.client.CoreV1().ServiceAccounts(t.pod.Namespace).CreateToken(ctx, account,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
			ExpirationSeconds: &seconds,
			BoundObjectRef: &authenticationv1.BoundObjectReference{
				Kind: "Pod", APIVersion: "v1", Name: t.pod.Name, UID: t.pod.UID,
			},
		}}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: request.Status.Token, Expiry: request.Status.ExpirationTimestamp.Time}, nil
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
