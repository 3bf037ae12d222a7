package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
)

// runAdmin is the command line, of which the chart's Job uses one command (cmd/argocd/commands/admin/redis_initial_password.go).
func runAdmin(ctx context.Context, arguments []string) error {
	if !slices.Equal(arguments, []string{"admin", "redis-initial-password"}) {
		return fmt.Errorf("argocd %s: the lab has of the command line `argocd admin redis-initial-password` alone", strings.Join(arguments, " "))
	}
	clients, err := inCluster()
	if err != nil {
		return err
	}
	return ensureRedisPassword(ctx, clients.core, clients.namespace)
}

func ensureRedisPassword(ctx context.Context, core kubernetes.Interface, namespace string) error {
	secrets := core.CoreV1().Secrets(namespace)
	fresh := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "argocd-redis", Namespace: namespace},
		Data:       map[string][]byte{"auth": []byte(rand.Text())},
	}
	if _, err := secrets.Create(ctx, fresh, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	found, err := secrets.Get(ctx, "argocd-redis", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if len(found.Data["auth"]) == 0 {
		return errors.New("key auth doesn't exist in secret argocd-redis")
	}
	slog.Info("Password secret is configured properly.")
	return nil
}

// runServer is the API server, of which there is its probe: no UI, no API, no sign-on and no webhooks.
func runServer(ctx context.Context, arguments []string) error {
	at, err := ports("argocd-server", arguments, "port", "metrics-port")
	if err != nil {
		return err
	}
	kept, err := redisOfPod()
	if err != nil {
		return err
	}
	clients, err := inCluster()
	if err != nil {
		return err
	}
	if err := initialise(ctx, clients); err != nil {
		return err
	}
	answers := healthz(kept.ping)
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", answers)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "the lab's Argo CD has neither UI, API nor webhooks: "+r.URL.Path, http.StatusNotImplemented)
	})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve(ctx, at["port"], mux) })
	group.Go(func() error { return serve(ctx, at["metrics-port"], answers) })
	return group.Wait()
}

// initialise makes what a first start makes: the key of its sessions in argocd-secret, which must be there, the password of `admin`
// where he may log in and has none (util/settings, InitializeSettings), and the project `default` (server/server.go).
func initialise(ctx context.Context, c clients) error {
	secrets := c.core.CoreV1().Secrets(c.namespace)
	config, err := c.core.CoreV1().ConfigMaps(c.namespace).Get(ctx, "argocd-cm", metav1.GetOptions{})
	if err != nil {
		return err
	}
	secret, err := secrets.Get(ctx, "argocd-secret", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if secret.Labels["app.kubernetes.io/part-of"] != "argocd" {
		return errors.New("secret \"argocd-secret\" not found: it has no label app.kubernetes.io/part-of=argocd")
	}
	if config.Data["admin.enabled"] != "false" && len(secret.Data["admin.password"]) == 0 {
		drawn := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "argocd-initial-admin-secret", Namespace: c.namespace},
			Data:       map[string][]byte{"password": []byte(rand.Text())},
		}
		if _, err := secrets.Create(ctx, drawn, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	if len(secret.Data["server.secretkey"]) == 0 {
		if secret.Data == nil {
			secret.Data = map[string][]byte{}
		}
		secret.Data["server.secretkey"] = []byte(rand.Text())
		if _, err := secrets.Update(ctx, secret, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	_, err = c.custom.Resource(projectKind).Namespace(c.namespace).Create(ctx, defaultProject(c.namespace), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func defaultProject(namespace string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
		"metadata": map[string]any{"name": "default", "namespace": namespace},
		"spec": map[string]any{
			"sourceRepos":              []any{"*"},
			"destinations":             []any{map[string]any{"server": "*", "namespace": "*"}},
			"clusterResourceWhitelist": []any{map[string]any{"group": "*", "kind": "*"}},
		},
	}}
}
