package volumes

import (
	"context"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// tokenMaxAge is after which a token is renewed however long it is valid (pkg/kubelet/token).
const tokenMaxAge = 24 * time.Hour

// token is a service account's token in a volume.
type token struct {
	text string
	// renew is when another one is due: at four fifths of its life.
	renew time.Time
}

// addToken adds a token bound to the pod. As for the kubelet, a file that only one user or group needs
// to read is theirs.
func (v *Volumes) addToken(
	ctx context.Context, payload map[string]file, volume string, source corev1.ServiceAccountTokenProjection, mode *int32,
) error {
	key := volume + "/" + source.Path
	current := v.tokens[key]
	if current.text == "" || !v.now().Before(current.renew) {
		var audiences []string
		if source.Audience != "" {
			audiences = []string{source.Audience}
		}
		answer, err := RequestToken(ctx, v.client, v.pod, source.ExpirationSeconds, audiences)
		if err != nil {
			return err
		}
		life := answer.ExpirationTimestamp.Sub(v.now())
		current = token{text: answer.Token, renew: v.now().Add(min(life*4/5, tokenMaxAge))}
		v.tokens[key] = current
	}
	one := file{content: []byte(current.text), mode: modeOf(mode, nil)}
	if user := onlyUser(v.pod); user != nil || v.group() != nil {
		one.mode, one.user = 0o600, user
	}
	payload[source.Path] = one
	return nil
}

// RequestToken asks for a token of the pod's service account that is bound to the pod, with the node's
// right to do so for its own pods (https://kubernetes.io/docs/reference/access-authn-authz/node/).
func RequestToken(
	ctx context.Context, client kubernetes.Interface, pod *corev1.Pod, seconds *int64, audiences []string,
) (authenticationv1.TokenRequestStatus, error) {
	account := pod.Spec.ServiceAccountName
	if account == "" {
		account = "default"
	}
	answer, err := client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, account,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
			Audiences: audiences, ExpirationSeconds: seconds,
			BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID},
		}}, metav1.CreateOptions{})
	if err != nil {
		return authenticationv1.TokenRequestStatus{}, err
	}
	return answer.Status, nil
}

// onlyUser is the user that all containers of the pod are said to run as, if there is one
// (securitycontext.DetermineEffectiveRunAsUser over the pod, pkg/volume/util/operationexecutor).
func onlyUser(pod *corev1.Pod) *int64 {
	var only *int64
	for _, container := range append(append([]corev1.Container{}, pod.Spec.InitContainers...), pod.Spec.Containers...) {
		var own *int64
		if pod.Spec.SecurityContext != nil {
			own = pod.Spec.SecurityContext.RunAsUser
		}
		if container.SecurityContext != nil && container.SecurityContext.RunAsUser != nil {
			own = container.SecurityContext.RunAsUser
		}
		if own == nil || only != nil && *only != *own {
			return nil
		}
		only = own
	}
	return only
}

// due is when the next token has to be renewed; zero without tokens.
func (v *Volumes) due() (next time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, one := range v.tokens {
		if next.IsZero() || one.renew.Before(next) {
			next = one.renew
		}
	}
	return next
}
