package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigurationFile(t *testing.T) {
	head := "apiVersion: controller.config.cert-manager.io/v1alpha1\nkind: ControllerConfiguration\n"
	for content, want := range map[string]string{
		head + "gatewayAPI: {enabled: true}\n":            "",
		head + "gatewayApi: {enabled: true}\n":            `unknown field "gatewayApi"`,
		head + "maxConcurrentChallenges: 7\n":             `unknown field "maxConcurrentChallenges"`,
		"apiVersion: v1\nkind: ControllerConfiguration\n": "v1 ControllerConfiguration is no",
	} {
		file := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		options := controllerOptions{config: file}
		err := options.load()
		if want == "" && (err != nil || !options.gatewayAPI) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", content, err)
		}
	}
}

func TestArgumentsThatTheChartHasNotAreRefused(t *testing.T) {
	command := controllerCommand()
	err := command.ParseFlags([]string{"--v=2", "--dns01-recursive-nameserver=1.1.1.1:53"})
	if err == nil || !strings.Contains(err.Error(), "unknown flag: --dns01-recursive-nameserver") {
		t.Error(err)
	}
}
