package reloader

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func template(annotations map[string]string, secret string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Annotations: annotations},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", EnvFrom: []corev1.EnvFromSource{
			{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: secret}}},
		}}}},
	}
}

func meta(name string, annotations map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: "household", Annotations: annotations}
}

func TestRollsEveryKindThatAsksAndUsesTheSecret(t *testing.T) {
	auto := map[string]string{autoAnnotation: "true"}
	client := fake.NewClientset(
		&appsv1.Deployment{ObjectMeta: meta("asks", auto), Spec: appsv1.DeploymentSpec{Template: template(nil, "wifi")}},
		&appsv1.Deployment{ObjectMeta: meta("silent", nil), Spec: appsv1.DeploymentSpec{Template: template(nil, "wifi")}},
		&appsv1.Deployment{ObjectMeta: meta("other", auto), Spec: appsv1.DeploymentSpec{Template: template(nil, "else")}},
		&appsv1.StatefulSet{ObjectMeta: meta("asks", nil), Spec: appsv1.StatefulSetSpec{Template: template(auto, "wifi")}},
		&appsv1.DaemonSet{ObjectMeta: meta("asks", auto), Spec: appsv1.DaemonSetSpec{Template: template(nil, "wifi")}},
		&appsv1.StatefulSet{
			ObjectMeta: meta("refuses", map[string]string{autoAnnotation: "false"}),
			Spec:       appsv1.StatefulSetSpec{Template: template(auto, "wifi")},
		},
	)
	secret := &corev1.Secret{ObjectMeta: meta("wifi", nil), Data: map[string][]byte{"password": []byte("b")}}
	if err := reload(t.Context(), client, ofSecret(secret), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	all, err := workloads(t.Context(), client, "household")
	if err != nil {
		t.Fatal(err)
	}
	rolled := []string{}
	for _, one := range all {
		if strings.Contains(one.template.Annotations[lastAnnotation], `"name":"wifi"`) {
			rolled = append(rolled, one.name)
		}
	}
	if got := strings.Join(rolled, " "); got != "asks asks asks" {
		t.Fatalf("rolled %q", got)
	}
}

func TestTellsContentFromWhatStandsAroundIt(t *testing.T) {
	before := &corev1.Secret{ObjectMeta: meta("wifi", nil), Data: map[string][]byte{"a": []byte("1"), "b": []byte("2")}}
	touched := before.DeepCopy()
	touched.Annotations = map[string]string{"operator.1password.io/item-version": "2"}
	if ofSecret(before) != ofSecret(touched) {
		t.Error("an annotation is no change")
	}
	touched.Data["b"] = []byte("3")
	if ofSecret(before) == ofSecret(touched) {
		t.Error("a value is one")
	}
}

func TestRefusesWhatItDoesNotPlay(t *testing.T) {
	for _, arguments := range [][]string{nil, {"--reload-strategy=env-vars"}, {"--reload-strategy=annotations", "--enable-ha=true"}} {
		if _, err := options(arguments); err == nil {
			t.Errorf("%v: no error", arguments)
		}
	}
	if configMaps, err := options([]string{"--log-level=info", "--reload-strategy=annotations"}); err != nil || !configMaps {
		t.Errorf("got %v, %v", configMaps, err)
	}
}
