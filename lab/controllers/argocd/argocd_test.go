package main

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// TestMain is Kustomize where a test's reader starts it.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "kustomize" {
		if err := runKustomize(context.Background(), os.Args[1:]); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func objectOf(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		t.Fatal(err)
	}
	return object
}

const example = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: wiki, namespace: argocd }
spec:
  project: site
  source: { repoURL: "https://git.example.org/homelab.git", targetRevision: HEAD, path: gitops/home/wiki }
  destination: { server: "https://kubernetes.default.svc", namespace: wiki }
  syncPolicy:
    automated: { prune: true, selfHeal: true }
    syncOptions: [ServerSideApply=true]
`

func TestWhatIsNotPlayedIsRefusedByName(t *testing.T) {
	if _, err := readApplication(objectOf(t, example)); err != nil {
		t.Error(err)
	}
	for name, change := range map[string][2]string{
		"ignoreDifferences": {"  destination:", "  ignoreDifferences: []\n  destination:"},
		"Replace=true":      {"[ServerSideApply=true]", "[ServerSideApply=true, Replace=true]"},
		"helm":              {"path: gitops/home/wiki", "path: gitops/home/wiki, helm: {}"},
		"other.example.net": {"https://kubernetes.default.svc", "https://other.example.net"},
		"example.net/mine":  {"namespace: argocd }", "namespace: argocd, finalizers: [example.net/mine] }"},
	} {
		_, err := readApplication(objectOf(t, strings.Replace(example, change[0], change[1], 1)))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAProjectSaysWhatComesFromWhereToWhere(t *testing.T) {
	of, err := readProject(objectOf(t, `
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: { name: household }
spec:
  sourceRepos: ["https://git.example.org/homelab.git"]
  destinations: [{ server: "https://kubernetes.default.svc", namespace: photos }]
  clusterResourceWhitelist: []
`))
	if err != nil {
		t.Fatal(err)
	}
	spec := applicationSpec{
		Source:      source{RepoURL: "https://git.example.org/Homelab", Path: "x"},
		Destination: destination{Server: inClusterServer, Namespace: "photos"},
	}
	if found := of.allows(spec); len(found) > 0 {
		t.Error(found)
	}
	spec.Source.RepoURL, spec.Destination.Namespace = "https://git.example.org/other.git", "kube-system"
	want := "InvalidSpecError: application repo https://git.example.org/other.git is not permitted in project 'household';" +
		"InvalidSpecError: application destination server 'https://kubernetes.default.svc' and namespace 'kube-system' do not match " +
		"any of the allowed destinations in project 'household'"
	if found := words(of.allows(spec)); found != want {
		t.Error(found)
	}
	deployment := schema.GroupKind{Group: "apps", Kind: "Deployment"}
	if !of.permits(deployment, true) || of.permits(schema.GroupKind{Kind: "Namespace"}, false) {
		t.Error("it permits the wrong kinds")
	}
	of.ClusterResourceWhitelist = []groupKind{{"*", "*"}}
	if !of.permits(schema.GroupKind{Kind: "Namespace"}, false) {
		t.Error("it does not permit what is listed")
	}
}

func TestAnObjectBelongsToTheApplicationInItsMark(t *testing.T) {
	object := objectOf(t, "{ apiVersion: apps/v1, kind: Deployment, metadata: { name: wiki } }")
	track(object, "wiki", "pages")
	if mark := object.GetAnnotations()[trackingAnnotation]; mark != "wiki:apps/Deployment:pages/wiki" || appOf(object) != "wiki" {
		t.Error(mark)
	}
	object.SetNamespace("pages")
	if !itself(object, nil) {
		t.Error("its own mark is another's")
	}
	object.SetName("copy")
	if itself(object, nil) {
		t.Error("a mark that was copied is its own")
	}
	kind := objectOf(t, "{ apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: { name: a.b } }")
	if track(kind, "wiki", "pages"); len(kind.GetAnnotations()) > 0 {
		t.Error("a definition is marked")
	}
}

func TestAnApplicationSyncsByItselfOncePerCommitAndHeals(t *testing.T) {
	app, err := readApplication(objectOf(t, example))
	if err != nil {
		t.Fatal(err)
	}
	found := comparison{sync: syncStatus{Status: outOfSync, Revision: "a"}, resources: []resourceStatus{
		{Group: "apps", Kind: "Deployment", Name: "wiki", Status: outOfSync}, {Kind: "Service", Name: "wiki", Status: synced},
	}}
	now := time.Now()
	begun, failure := autoSync(app, found, now)
	if begun == nil || begun.Sync.Revision != "a" || !begun.Sync.Prune || begun.Retry.Limit != 5 || len(begun.Sync.Resources) > 0 || failure != nil {
		t.Fatal(begun, failure)
	}
	finished := metav1.NewTime(now.Add(-time.Second))
	last := &operationState{Operation: *begun, Phase: common.OperationFailed, Message: "it broke", FinishedAt: &finished,
		SyncResult: &syncResult{Revision: "a", Source: app.Spec.Source}}
	app.Status.OperationState = last
	if begun, failure = autoSync(app, found, now); begun != nil || words(failure) != "SyncError: Failed last sync attempt to a: it broke" {
		t.Error(begun, failure)
	}
	last.Phase = common.OperationSucceeded
	begun, _ = autoSync(app, found, now)
	if begun == nil || begun.Sync.HealAttempts != 1 || len(begun.Sync.Resources) != 1 || begun.Sync.Resources[0].Kind != "Deployment" {
		t.Fatal(begun)
	}
	last.Operation = *begun
	if begun, _ = autoSync(app, found, now); begun != nil {
		t.Error("it heals again within two seconds")
	}
	app.Spec.SyncPolicy.Automated.SelfHeal = false
	if begun, _ = autoSync(app, found, now.Add(time.Hour)); begun != nil {
		t.Error("it heals without selfHeal")
	}
	app.Spec.SyncPolicy = nil
	if begun, _ = autoSync(app, found, now); begun != nil {
		t.Error("it syncs without a policy")
	}
}

func TestABudgetIsWellWhereItMayDisruptNobody(t *testing.T) {
	for want, status := range map[health.HealthStatusCode]string{
		health.HealthStatusProgressing: "{}",
		health.HealthStatusHealthy:     "{ conditions: [{ type: DisruptionAllowed, status: 'False', reason: InsufficientPods }] }",
		health.HealthStatusDegraded:    "{ conditions: [{ type: DisruptionAllowed, status: 'False', reason: SyncFailed }] }",
	} {
		budget := objectOf(t, "{ apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: { name: wiki }, status: "+status+" }")
		if found, err := health.GetResourceHealth(budget, scripted{}); err != nil || found.Status != want {
			t.Error(found, err)
		}
	}
}

func TestAnEmptyFolderWipesNothing(t *testing.T) {
	app, err := readApplication(objectOf(t, example))
	if err != nil {
		t.Fatal(err)
	}
	found := comparison{sync: syncStatus{Status: outOfSync, Revision: "a"}, resources: []resourceStatus{{Kind: "Service", Status: outOfSync, RequiresPruning: true}}}
	if begun, failure := autoSync(app, found, time.Now()); begun != nil || !strings.Contains(words(failure), "auto-sync will wipe out all resources") {
		t.Error(begun, failure)
	}
}

func TestASetFillsItsTemplateForAFolder(t *testing.T) {
	set, err := readSet(objectOf(t, `
metadata: { name: apps, namespace: argocd, uid: u }
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators: [{ git: { repoURL: "https://git.example.org/homelab.git", revision: HEAD, directories: [{ path: "apps/*" }] } }]
  syncPolicy: { preserveResourcesOnDeletion: true }
  template:
    metadata: { name: "{{.path.basenameNormalized}}" }
    spec:
      project: site
      source: { repoURL: "https://git.example.org/homelab.git", targetRevision: HEAD, path: "{{.path.path}}" }
      destination: { server: "https://kubernetes.default.svc", namespace: "{{.path.basenameNormalized}}" }
`))
	if err != nil {
		t.Fatal(err)
	}
	object, err := fill(set, "apps/My_Wiki")
	if err != nil {
		t.Fatal(err)
	}
	app, err := readApplication(object)
	if err != nil || app.Metadata.Name != "my-wiki" || app.Spec.Source.Path != "apps/My_Wiki" || app.Spec.Destination.Namespace != "my-wiki" ||
		len(app.Metadata.Finalizers) > 0 || app.Metadata.OwnerReferences[0].Name != "apps" {
		t.Error(app, err)
	}
	if _, err := readSet(objectOf(t, "{ spec: { goTemplate: true, generators: [{ list: { elements: [] } }] } }")); err == nil || !strings.Contains(err.Error(), "list") {
		t.Error(err)
	}
}

func TestRedisKnowsItsPasswordAndNothingMore(t *testing.T) {
	password, err := redisPassword([]string{"--save", "", "--appendonly", "no", "--requirepass secret"})
	if err != nil || password != "secret" {
		t.Fatal(password, err)
	}
	if _, err := redisPassword([]string{"--appendonly", "yes"}); err == nil {
		t.Error("a disk is not refused")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &redisServer{password: password, values: map[string]string{}}
	go func() { _ = server.serve(t.Context(), listener) }()
	known := redis{listener.Addr().String(), "secret"}
	text := "a\r\nb"
	if err := errors.Join(known.ping(t.Context()), known.set(t.Context(), "key", text)); err != nil {
		t.Fatal(err)
	}
	if got, err := known.get(t.Context(), "key"); got != text || err != nil {
		t.Error(got, err)
	}
	if _, err := known.get(t.Context(), "absent"); !errors.Is(err, errMiss) {
		t.Error(err)
	}
	for said, other := range map[string]redis{"NOAUTH": {known.address, ""}, "WRONGPASS": {known.address, "wrong"}} {
		if err := other.ping(t.Context()); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%s: %v", said, err)
		}
	}
}

// memory is a Redis that is always there.
type memory map[string]string

func (m memory) get(_ context.Context, key string) (string, error) {
	if value, ok := m[key]; ok {
		return value, nil
	}
	return "", errMiss
}

func (m memory) set(_ context.Context, key, value string) error {
	m[key] = value
	return nil
}

// origin is a repository, and a way to commit a file to it.
func origin(t *testing.T) (repository, func(file, content string)) {
	t.Helper()
	folder := t.TempDir()
	git := func(arguments ...string) {
		t.Helper()
		command := exec.Command("git", append([]string{"-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.net"}, arguments...)...)
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
	}
	git("init", "-q", "-b", "main")
	return repository{URL: "file://" + folder}, func(file, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		git("add", "--all")
		git("commit", "-q", "-m", file)
	}
}

func TestTheReaderBuildsFoldersWithKustomizeAtTheNewestCommit(t *testing.T) {
	programs := t.TempDir()
	if err := os.Symlink(os.Args[0], filepath.Join(programs, "kustomize")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", programs+":"+os.Getenv("PATH"))
	from, commit := origin(t)
	commit("wiki/kustomization.yaml", "resources: [config.yaml]\nnamePrefix: my-\n")
	commit("wiki/config.yaml", "{ apiVersion: v1, kind: ConfigMap, metadata: { name: one } }\n")
	commit("plain/a.yaml", "{ apiVersion: v1, kind: ConfigMap, metadata: { name: two } }\n")
	reader := newReader(t.TempDir(), memory{})
	request := manifestRequest{Repository: from, Revision: "HEAD", Path: "wiki", App: "wiki", Namespace: "pages", NoRevisionCache: true}
	first, err := reader.manifests(t.Context(), request)
	if err != nil || first.SourceType != kustomizeSource || len(first.Objects) != 1 ||
		!strings.Contains(string(first.Objects[0]), `"argocd.argoproj.io/tracking-id":"wiki:/ConfigMap:pages/my-one"`) {
		t.Fatal(first, err)
	}
	commit("wiki/kustomization.yaml", "resources: [config.yaml]\n")
	second, err := reader.manifests(t.Context(), request)
	if err != nil || second.Revision == first.Revision || !strings.Contains(string(second.Objects[0]), `"name":"one"`) {
		t.Error(second, err)
	}
	request.Path = "plain"
	if plain, err := reader.manifests(t.Context(), request); err != nil || plain.SourceType != directorySource || len(plain.Objects) != 1 {
		t.Error(plain, err)
	}
	request.Path = "absent"
	if _, err := reader.manifests(t.Context(), request); err == nil || !strings.Contains(err.Error(), "absent: app path does not exist") {
		t.Error(err)
	}
	request.Revision = "other"
	if _, err := reader.manifests(t.Context(), request); err == nil || !strings.Contains(err.Error(), "unable to resolve 'other' to a commit SHA") {
		t.Error(err)
	}
	folders, err := reader.directories(t.Context(), directoriesRequest{from, "HEAD"})
	if err != nil || strings.Join(folders, " ") != "plain wiki" {
		t.Error(folders, err)
	}
}

func TestAFolderThatFailedThreeTimesIsLeftAloneUntilAHardRefresh(t *testing.T) {
	from, commit := origin(t)
	commit("wiki/a.yaml", "{ kind: }: no\n")
	reader := newReader(t.TempDir(), memory{})
	now := time.Now()
	reader.now = func() time.Time { return now }
	request := manifestRequest{Repository: from, Revision: "HEAD", Path: "wiki", NoRevisionCache: true}
	failure := func() string {
		_, err := reader.manifests(t.Context(), request)
		if err == nil {
			t.Fatal("it is rendered")
		}
		return err.Error()
	}
	for range failuresUntilPause {
		if said := failure(); strings.HasPrefix(said, pausedError) {
			t.Fatal(said)
		}
	}
	if said := failure(); !strings.HasPrefix(said, pausedError+": ") {
		t.Error(said)
	}
	request.NoCache = true
	if said := failure(); strings.HasPrefix(said, pausedError) {
		t.Error(said)
	}
	request.NoCache = false
	now = now.Add(pause)
	if said := failure(); strings.HasPrefix(said, pausedError) {
		t.Error(said)
	}
}
