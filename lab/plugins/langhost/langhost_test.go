package langhost

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestOptionsRefuseOtherPackageManagers(t *testing.T) {
	if _, err := parseOptions(map[string]any{"packagemanager": "bun"}); err == nil {
		t.Error("bun was accepted")
	}
	parsed, err := parseOptions(map[string]any{"typescript": false, "nodeargs": "--inspect --trace-gc"})
	if err != nil || parsed.typescript || !slices.Equal(parsed.nodeArgs, []string{"--inspect", "--trace-gc"}) {
		t.Errorf("got %+v, %v", parsed, err)
	}
}

func TestPluginsComeFromDirectAndIndirectDependencies(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/package.json", `{"dependencies":{"@pulumi/random":"1","outer":"1","absent":"1"}}`)
	write(t, dir+"/node_modules/@pulumi/random/package.json",
		`{"name":"@pulumi/random","version":"4.0.0","pulumi":{"resource":true}}`)
	write(t, dir+"/node_modules/outer/package.json", `{"name":"outer","dependencies":{"inner":"1"}}`)
	write(t, dir+"/node_modules/inner/package.json",
		`{"name":"inner","version":"2.0.0","pulumi":{"resource":true,"name":"pve","version":"v8.6.0"}}`)
	s := &server{}
	answer, err := s.GetRequiredPackages(t.Context(), &pulumirpc.GetRequiredPackagesRequest{
		Info: &pulumirpc.ProgramInfo{ProgramDirectory: dir},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range answer.Packages {
		got = append(got, one.Name+"@"+one.Version)
	}
	if !slices.Equal(got, []string{"random@v4.0.0", "pve@v8.6.0"}) {
		t.Errorf("got %v", got)
	}
}

func TestExitCode32MeansThatTheUserKnows(t *testing.T) {
	if answer := outcome(exec.Command("sh", "-c", "exit 32").Run()); !answer.Bail || answer.Error != "" {
		t.Errorf("got %v", answer)
	}
	if answer := outcome(exec.Command("sh", "-c", "exit 3").Run()); answer.Bail ||
		answer.Error != "Program exited with non-zero exit code: 3" {
		t.Errorf("got %v", answer)
	}
}
