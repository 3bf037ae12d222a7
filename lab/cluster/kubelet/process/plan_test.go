package process

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestTheTableNamesImagesByTheEndOfTheirRepository(t *testing.T) {
	for repository, known := range map[string]bool{
		"docker.io/envoyproxy/gateway": true, "mirror.local:5000/hub/envoyproxy/gateway": true,
		"example.org/notenvoyproxy/gateway": false, "gateway": false,
	} {
		if _, ok := ImageOf(repository); ok != known {
			t.Errorf("%s: known is %v", repository, ok)
		}
	}
	for _, image := range images {
		line := image.commandLine(&corev1.Container{}, nil)
		if len(image.Commands) == 0 && image.Programs[line[0]] == "" && !image.Shell &&
			!slices.Contains(image.Missing, line[0]) {
			t.Errorf("%s: its entrypoint is none of its programs", image.Repository)
		}
	}
}

func TestAnImageIsPlayedWithoutItsProgram(t *testing.T) {
	directory := t.TempDir()
	image := Image{Programs: map[string]string{"/manager": "manager"}, Entrypoint: []string{"/manager"}}
	if image.Runs(directory, &corev1.Container{}) {
		t.Error("a program that is not there is run")
	}
	if err := os.WriteFile(filepath.Join(directory, "manager"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if !image.Runs(directory, &corev1.Container{}) {
		t.Error("a program that is there is played")
	}
	image.Commands = []string{"bash"}
	if image.Runs(directory, &corev1.Container{Command: []string{"ceph-osd"}}) || !image.Runs(directory, &corev1.Container{Command: []string{"/bin/bash"}}) {
		t.Error("the wrong commands are played")
	}
}

func TestCommandAndArgumentsReplaceTheImages(t *testing.T) {
	image := Image{Entrypoint: []string{"/entry"}, Cmd: []string{"default"}}
	for want, container := range map[string]corev1.Container{
		"/entry default":         {},
		"/entry -x":              {Args: []string{"-x"}},
		"/other":                 {Command: []string{"/other"}},
		"/other --at=10.0.0.1":   {Command: []string{"/other"}, Args: []string{"--at=$(IP)"}},
		"/entry $(IP) $(ABSENT)": {Args: []string{"$$(IP)", "$(ABSENT)"}},
	} {
		if got := strings.Join(image.commandLine(&container, map[string]string{"IP": "10.0.0.1"}), " "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestRunAsNonRootRefusesRoot(t *testing.T) {
	yes, root := true, int64(0)
	pod := &corev1.Pod{Spec: corev1.PodSpec{SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes}}}
	if err := (Image{}).Verify(pod, &corev1.Container{}); err == nil || !strings.Contains(err.Error(), "image will run as root") {
		t.Error(err)
	}
	if err := (Image{User: "65532:65532"}).Verify(pod, &corev1.Container{}); err != nil {
		t.Error(err)
	}
	container := corev1.Container{SecurityContext: &corev1.SecurityContext{RunAsUser: &root}}
	if err := (Image{User: "65532"}).Verify(pod, &container); err == nil || !strings.Contains(err.Error(), "breaks non-root policy") {
		t.Error(err)
	}
}

func TestCapabilitiesAreTheUsualOnesLessAndMore(t *testing.T) {
	context := &corev1.SecurityContext{Capabilities: &corev1.Capabilities{
		Drop: []corev1.Capability{"ALL"}, Add: []corev1.Capability{"NET_BIND_SERVICE"},
	}}
	if got := capabilitiesOf(context); !slices.Equal(got, []string{"NET_BIND_SERVICE"}) {
		t.Error(got)
	}
	if got := capabilitiesOf(nil); len(got) != 14 {
		t.Error(got)
	}
}

func TestInnerMountsComeAfterOuterOnes(t *testing.T) {
	line := plan{dir: "/work", mounts: []Mount{
		{Source: "/a", Target: "/data/inner/file"}, {Source: "/b", Target: "/data", ReadOnly: true},
	}}.root()
	text := strings.Join(line, " ")
	outer, inner := strings.Index(text, "--ro-bind /b /data"), strings.Index(text, "--bind /a /data/inner/file")
	if outer < 0 || inner < outer || !strings.Contains(text, "--dir /work") {
		t.Error(text)
	}
}

func TestLogsAreInTheRuntimesFormatAndBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ns_pod_uid", "main", "0.log")
	log, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 1000)
	for range 2*logLimit/len(line) + 10 {
		if _, err := log.Write([]byte(line + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := log.Write([]byte("last")); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil || len(content) > logLimit+4000 || !strings.HasSuffix(string(content), " stderr F last\n") || log.Last() != "last" {
		t.Errorf("%d bytes, %v", len(content), err)
	}
	if _, err := os.Stat(path + ".1"); err != nil {
		t.Error(err)
	}
}

func TestAnImageShowsFilesOfTheMajorThatItsTagSays(t *testing.T) {
	known, ok := ImageOf("ghcr.io/tensorchord/cloudnative-vectorchord")
	if !ok {
		t.Fatal("it is not known")
	}
	const extensions = "/usr/share/postgresql/15/extension"
	shown := known.at("ghcr.io/tensorchord/cloudnative-vectorchord:15.18-1.1.1").shown(Directory)
	if !slices.ContainsFunc(shown, func(one Mount) bool { return one.Target == extensions && strings.Contains(one.Source, "/15/") }) {
		t.Errorf("no extensions at %s: %v", extensions, shown)
	}
	if plain, _ := ImageOf("ghcr.io/cloudnative-pg/postgresql"); len(plain.at("postgresql:15.18").shown(Directory)) != 1 {
		t.Error("the community's image has them too")
	}
}

func TestWhatLiesOnAVolumeAndOnTheImagesPathIsStarted(t *testing.T) {
	image := Image{Shell: true, Path: "/usr/lib/postgresql/$MAJOR/bin:/usr/bin"}.at("ghcr.io/cloudnative-pg/postgresql:15.18-standard-trixie")
	if image.Path != "/usr/lib/postgresql/15/bin:/usr/bin" {
		t.Errorf("the PATH is %s", image.Path)
	}
	volume := []Mount{{Source: "/x", Target: "/controller"}}
	line, err := image.resolve(Directory, []string{"/controller/manager", "instance", "run"}, volume)
	if err != nil || line[0] != "/controller/manager" {
		t.Errorf("%v %v", line, err)
	}
	if _, err := image.resolve(Directory, []string{"/controller/manager"}, nil); err == nil {
		t.Error("what lies nowhere is started")
	}
}
