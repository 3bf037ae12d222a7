package proxmoxve

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"homelab/lab/plugins/provider"
)

// fileLegacy is proxmoxve:index/fileLegacy:FileLegacy: snippets are written over SSH, images uploaded.
func fileLegacy(p *plugin) provider.Resource {
	return &simple{
		plugin: p,
		schema: schema{
			"contentType": {kind: text, computed: true, replace: true},
			"datastoreId": {kind: text, required: true, replace: true},
			"nodeName":    {kind: text, required: true, replace: true},
			"fileMode":    {kind: text, replace: true},
			"overwrite":   {kind: boolean, def: true},
			"uploadMode":  {kind: text, def: "stream"},
			"sourceRaw": {kind: object, replace: true, fields: schema{
				"data": {kind: text, required: true}, "fileName": {kind: text, required: true},
				"resize": {kind: number, def: 0.0},
			}},
			"sourceFile": {kind: object, replace: true, fields: schema{
				"path": {kind: text, required: true}, "fileName": {kind: text, def: ""},
			}},
			"timeoutUpload":        {kind: number, def: 1800.0},
			"fileModificationDate": {output: true}, "fileName": {output: true},
			"fileSize": {output: true}, "fileTag": {output: true},
		},
		validate: validateFile,
		create:   createFile,
		read:     readFile,
		update: func(_ context.Context, _ *api, _ string, old, inputs block) (block, error) {
			return old.with(inputs), nil
		},
		remove: func(ctx context.Context, a *api, id string, state block) error {
			return a.deleteFile(ctx, state.text("nodeName", ""), state.text("datastoreId", ""), id)
		},
	}
}

func validateFile(inputs block) []provider.Failure {
	refuse := func(property, reason string) []provider.Failure {
		return []provider.Failure{{Property: property, Reason: reason}}
	}
	source := inputs.block("sourceFile").text("path", "")
	switch {
	case inputs.has("sourceRaw") == inputs.has("sourceFile"):
		return refuse("sourceRaw", "please specify sourceFile or sourceRaw, and not both")
	case strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://"):
		return refuse("sourceFile", "URLs are not supported by the stand-in; use download.File")
	case inputs.block("sourceRaw").number("resize", 0) > 0:
		return refuse("sourceRaw", "resize is not supported by the stand-in")
	case inputs.text("uploadMode", "stream") != "stream":
		return refuse("uploadMode", "only \"stream\" is supported by the stand-in")
	}
	return nil
}

// source is the file's name and content.
func source(inputs block) (string, []byte, error) {
	if inputs.has("sourceRaw") {
		raw := inputs.block("sourceRaw")
		return raw.text("fileName", ""), []byte(raw.text("data", "")), nil
	}
	file := inputs.block("sourceFile")
	content, err := os.ReadFile(file.text("path", ""))
	if err != nil {
		return "", nil, fmt.Errorf("sourceFile.path: %w", err)
	}
	name := file.text("fileName", "")
	if name == "" {
		name = filepath.Base(file.text("path", ""))
	}
	return name, content, nil
}

// contentType is as given, else guessed from the name.
func contentType(inputs block, name string) (string, error) {
	if given := inputs.text("contentType", ""); given != "" {
		return given, nil
	}
	for suffix, content := range map[string]string{
		".tar.gz": "vztmpl", ".tar.xz": "vztmpl", ".qcow2": "import", ".raw": "import", ".vmdk": "import",
		".img": "iso", ".iso": "iso", ".yaml": "snippets", ".yml": "snippets",
	} {
		if strings.HasSuffix(strings.ToLower(name), suffix) {
			return content, nil
		}
	}
	return "", fmt.Errorf("cannot determine the content type of source %q - "+
		"Please manually define the \"content_type\" argument", name)
}

func createFile(ctx context.Context, a *api, inputs block) (string, block, error) {
	ctx, cancel := context.WithTimeout(ctx,
		time.Duration(inputs.number("timeoutUpload", 1800))*time.Second)
	defer cancel()
	name, data, err := source(inputs)
	if err != nil {
		return "", nil, err
	}
	if err := a.get(ctx, "version", nil, nil); err != nil {
		return "", nil, fmt.Errorf("error retrieving the version of Proxmox VE: %w", err)
	}
	content, err := contentType(inputs, name)
	if err != nil {
		return "", nil, err
	}
	node, store := inputs.text("nodeName", ""), inputs.text("datastoreId", "")
	id := fmt.Sprintf("%s:%s/%s", store, content, name)
	files, err := a.listFiles(ctx, node, store, content)
	if err != nil {
		return "", nil, err
	}
	if _, exists := findFile(files, id); exists && !inputs.flag("overwrite", true) {
		return "", nil, fmt.Errorf("file %q already exists", id)
	}
	switch content {
	case "iso", "vztmpl", "import":
		err = a.upload(ctx, node, store, content, name, data)
	default:
		err = a.writeSnippet(ctx, node, store, path.Join(content, name), inputs.text("fileMode", ""), data)
	}
	if err != nil {
		return "", nil, err
	}
	state := inputs.with(block{"contentType": content, "fileName": name})
	if inputs.has("sourceFile") {
		stat, err := os.Stat(inputs.block("sourceFile").text("path", ""))
		if err != nil {
			return "", nil, fmt.Errorf("sourceFile.path: %w", err)
		}
		modified := stat.ModTime().UTC()
		state["fileModificationDate"] = modified.Format(time.RFC3339)
		state["fileSize"] = float64(stat.Size())
		state["fileTag"] = fmt.Sprintf("%x-%x", modified.Unix(), stat.Size())
	}
	state, found, err := readFile(ctx, a, id, state)
	if err == nil && !found {
		err = fmt.Errorf("failed to read file from %q", id)
	}
	return id, state, err
}

// writeSnippet puts a file into the datastore's folder on the node.
func (a *api) writeSnippet(
	ctx context.Context, node, store, below, mode string, data []byte,
) error {
	var datastore struct {
		Path string `json:"path"`
	}
	if err := a.get(ctx, "storage/"+url.PathEscape(store), nil, &datastore); err != nil {
		return fmt.Errorf("failed to get datastore: %w", err)
	}
	if datastore.Path == "" {
		return fmt.Errorf("failed to determine the datastore path of %s", store)
	}
	return a.writeFile(ctx, node, path.Join(datastore.Path, below), mode, data)
}

// upload posts a file as a form with a part of that name.
func (a *api) upload(
	ctx context.Context, node, store, content, name string, data []byte,
) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("content", content); err != nil {
		return err
	}
	part, err := form.CreateFormFile("filename", name)
	if err != nil {
		return err
	}
	if _, err := part.Write(data); err != nil {
		return err
	}
	if err := form.Close(); err != nil {
		return err
	}
	var upid *string
	target := fmt.Sprintf("nodes/%s/storage/%s/upload", url.PathEscape(node), url.PathEscape(store))
	err = a.do(ctx, http.MethodPost, target, &body, form.FormDataContentType(), &upid)
	if err != nil {
		return fmt.Errorf("error uploading %s: %w", name, err)
	}
	if upid == nil {
		return fmt.Errorf("error uploading %s: %w", name, errNoData)
	}
	return a.wait(ctx, *upid, 0)
}

// readFile finds the file in the list; its content is not looked at, only a source file's date and size.
func readFile(ctx context.Context, a *api, id string, state block) (block, bool, error) {
	files, err := a.listFiles(ctx, state.text("nodeName", ""), state.text("datastoreId", ""),
		state.text("contentType", ""))
	if err != nil {
		return nil, false, err
	}
	_, found := findFile(files, id)
	return state, found, nil
}
