package proxmoxve

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"time"

	"homelab/lab/plugins/provider"
)

// fileLegacy is proxmoxve:index/fileLegacy:FileLegacy, of texts alone: they are written over SSH.
func fileLegacy(p *plugin) provider.Resource {
	return &simple{
		plugin: p,
		schema: schema{
			"contentType": {kind: text, required: true, replace: true},
			"datastoreId": {kind: text, required: true, replace: true},
			"nodeName":    {kind: text, required: true, replace: true},
			"fileMode":    {kind: text, replace: true},
			"overwrite":   {kind: boolean, def: true},
			"uploadMode":  {kind: text, def: "stream", fixed: true},
			"sourceRaw": {kind: object, required: true, replace: true, fields: schema{
				"data": {kind: text, required: true}, "fileName": {kind: text, required: true},
				"resize": {kind: number, def: 0.0, fixed: true},
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
	if content := inputs.text("contentType", ""); content != snippets {
		return []provider.Failure{{Property: "contentType", Reason: fmt.Sprintf("the lab's proxmoxve plugin "+
			"does not serve files of type %q; it serves %s, and images by download.File", content, snippets)}}
	}
	return nil
}

const snippets = "snippets"

func createFile(ctx context.Context, a *api, inputs block) (string, block, error) {
	ctx, cancel := context.WithTimeout(ctx,
		time.Duration(inputs.number("timeoutUpload", 1800))*time.Second)
	defer cancel()
	if err := a.get(ctx, "version", nil, nil); err != nil {
		return "", nil, fmt.Errorf("error retrieving the version of Proxmox VE: %w", err)
	}
	node, store := inputs.text("nodeName", ""), inputs.text("datastoreId", "")
	raw := inputs.block("sourceRaw")
	name := raw.text("fileName", "")
	id := fmt.Sprintf("%s:%s/%s", store, snippets, name)
	files, err := a.listFiles(ctx, node, store, snippets)
	if err != nil {
		return "", nil, err
	}
	if _, exists := findFile(files, id); exists && !inputs.flag("overwrite", true) {
		return "", nil, fmt.Errorf("file %q already exists", id)
	}
	var datastore struct {
		Path string `json:"path"`
	}
	if err := a.get(ctx, "storage/"+url.PathEscape(store), nil, &datastore); err != nil {
		return "", nil, fmt.Errorf("failed to get datastore: %w", err)
	}
	if datastore.Path == "" {
		return "", nil, fmt.Errorf("failed to determine the datastore path of %s", store)
	}
	err = a.writeFile(ctx, node, path.Join(datastore.Path, snippets, name), inputs.text("fileMode", ""),
		[]byte(raw.text("data", "")))
	if err != nil {
		return "", nil, err
	}
	state, found, err := readFile(ctx, a, id, inputs.with(block{"fileName": name}))
	if err == nil && !found {
		err = fmt.Errorf("failed to read file from %q", id)
	}
	return id, state, err
}

// readFile finds the file in the list; its content is not looked at.
func readFile(ctx context.Context, a *api, id string, state block) (block, bool, error) {
	files, err := a.listFiles(ctx, state.text("nodeName", ""), state.text("datastoreId", ""), snippets)
	if err != nil {
		return nil, false, err
	}
	_, found := findFile(files, id)
	return state, found, nil
}
