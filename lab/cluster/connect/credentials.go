package connect

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"homelab/lab/cluster/kubelet/program"
)

// credentials are what is read of the file 1password-credentials.json.
// https://github.com/1Password/connect/issues/67 shows one.
type credentials struct {
	Version   string `json:"version"`
	UniqueKey struct {
		K string `json:"k"`
	} `json:"uniqueKey"`
}

// read gives the credentials of OP_SESSION: the path of a file that a Secret is mounted at, alone or by its folder, or the
// base64 of the file's content.
func read(ctx context.Context, c program.Container) (credentials, error) {
	session := c.Env["OP_SESSION"]
	if !strings.HasPrefix(session, "/") {
		content, err := base64.StdEncoding.DecodeString(session)
		if err != nil {
			return credentials{}, fmt.Errorf("Wrapped: (LoadLocalAuthV2 failed to credentialsDataFromBase64), %w", err)
		}
		return parse(content)
	}
	for _, mount := range c.Spec.VolumeMounts {
		name := mount.SubPath
		if name == "" && mount.MountPath == path.Dir(session) {
			name = path.Base(session)
		}
		if name == "" || (mount.SubPath != "" && mount.MountPath != session) {
			continue
		}
		files, err := c.SecretVolume(ctx, mount.Name)
		if err != nil {
			return credentials{}, err
		}
		return parse([]byte(files[name]))
	}
	return credentials{}, fmt.Errorf("open %s: no such file or directory", session)
}

func parse(content []byte) (credentials, error) {
	var found credentials
	if err := json.Unmarshal(content, &found); err != nil {
		return found, fmt.Errorf("Wrapped: (LoadLocalAuthV2 failed to json.Unmarshal), %w", err)
	}
	if found.Version != "2" {
		return found, errors.New("credentials file is not version 2")
	}
	if found.UniqueKey.K == "" {
		return found, errors.New("credentials file has no uniqueKey")
	}
	return found, nil
}

// tagOf is the image's tag, which Connect reports as its version.
func tagOf(image string) string {
	reference, _, _ := strings.Cut(image, "@")
	if colon := strings.LastIndex(reference, ":"); colon > strings.LastIndex(reference, "/") {
		return reference[colon+1:]
	}
	return "latest"
}
