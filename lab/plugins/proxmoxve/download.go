package proxmoxve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"homelab/lab/plugins/provider"
)

const (
	listedAttempts = 5
	listedPause    = 200 * time.Millisecond
)

// downloadFile is proxmoxve:download/file:File: the host fetches a URL into a datastore.
func downloadFile(p *plugin) provider.Resource {
	return &simple{
		plugin: p,
		schema: schema{
			"contentType":            {kind: text, required: true, replace: true},
			"datastoreId":            {kind: text, required: true, replace: true},
			"nodeName":               {kind: text, required: true, replace: true},
			"url":                    {kind: text, required: true, replace: true},
			"fileName":               {kind: text, computed: true, replace: true},
			"checksum":               {kind: text, replace: true},
			"checksumAlgorithm":      {kind: text, replace: true},
			"decompressionAlgorithm": {kind: text, replace: true},
			"overwrite":              {kind: boolean, def: true},
			"overwriteUnmanaged":     {kind: boolean, def: false},
			"uploadTimeout":          {kind: number, def: 600.0},
			"verify":                 {kind: boolean, def: true},
			// The size is an output whose change, here or upstream, asks for a new download.
			"size": {kind: number, output: true},
		},
		validate: validateDownload,
		create:   createDownload, read: readDownload,
		update: func(ctx context.Context, a *api, id string, old, inputs block) (block, error) {
			file := block{"fileName": old["fileName"], "size": old["size"]}
			found, ok, err := findDownload(ctx, a, id, inputs)
			if err != nil {
				return nil, err
			}
			if ok {
				file["size"] = float64(found.Size)
			}
			return inputs.with(file), nil
		},
		remove: func(ctx context.Context, a *api, id string, state block) error {
			return a.deleteFile(ctx, state.text("nodeName", ""), state.text("datastoreId", ""), id)
		},
	}
}

func validateDownload(inputs block) []provider.Failure {
	if inputs.has("checksum") != inputs.has("checksumAlgorithm") {
		return []provider.Failure{{Property: "checksum",
			Reason: "checksum and checksumAlgorithm must be given together"}}
	}
	return nil
}

// upstream is what the URL says of itself, as the host sees it.
type upstream struct {
	Name string `json:"filename"`
	Size *int64 `json:"size"`
}

func lookUpstream(ctx context.Context, a *api, inputs block) (upstream, error) {
	var found upstream
	path := "nodes/" + url.PathEscape(inputs.text("nodeName", "")) + "/query-url-metadata"
	err := a.get(ctx, path, url.Values{
		"url":                 {inputs.text("url", "")},
		"verify-certificates": {bit(inputs.flag("verify", true))},
	}, &found)
	if err != nil {
		return found, fmt.Errorf("error retrieving metadata of %s: %w", inputs.text("url", ""), err)
	}
	return found, nil
}

func createDownload(ctx context.Context, a *api, inputs block) (string, block, error) {
	ctx, cancel := context.WithTimeout(ctx,
		time.Duration(inputs.number("uploadTimeout", 600))*time.Second)
	defer cancel()
	node, store := inputs.text("nodeName", ""), inputs.text("datastoreId", "")
	metadata, err := lookUpstream(ctx, a, inputs)
	if err != nil {
		return "", nil, err
	}
	name := inputs.text("fileName", metadata.Name)
	values := url.Values{
		"content": {inputs.text("contentType", "")}, "filename": {name}, "node": {node},
		"storage": {store}, "url": {inputs.text("url", "")},
		"verify-certificates": {bit(inputs.flag("verify", true))},
	}
	optional(values, "checksum", inputs.text("checksum", ""))
	optional(values, "checksum-algorithm", inputs.text("checksumAlgorithm", ""))
	optional(values, "compression", inputs.text("decompressionAlgorithm", ""))
	path := fmt.Sprintf("nodes/%s/storage/%s/download-url", node, store)
	err = a.task(ctx, http.MethodPost, path, values)
	if err != nil && inputs.flag("overwriteUnmanaged", false) &&
		contains(err.Error(), "refusing to override existing file") {
		volume := inputs.text("contentType", "") + "/" + name
		if err := a.deleteFile(ctx, node, store, volume); err != nil {
			return "", nil, err
		}
		err = a.task(ctx, http.MethodPost, path, values)
	}
	if err != nil {
		return "", nil, fmt.Errorf("could not download file '%s': %w", name, err)
	}
	id := fmt.Sprintf("%s:%s/%s", store, inputs.text("contentType", ""), name)
	missing := errors.New("the file is not listed by the datastore")
	var found volume
	again := func(err error) bool { return errors.Is(err, missing) }
	err = repeat{attempts: listedAttempts, pause: listedPause, again: again}.run(ctx, func() error {
		var listed bool
		if found, listed, err = findDownload(ctx, a, id, inputs); err == nil && !listed {
			err = missing
		}
		return err
	})
	if err != nil {
		return "", nil, fmt.Errorf("could not read %s after its download: %w", id, err)
	}
	return id, inputs.with(block{"fileName": name, "size": float64(found.Size)}), nil
}

func findDownload(ctx context.Context, a *api, id string, inputs block) (volume, bool, error) {
	files, err := a.listFiles(ctx, inputs.text("nodeName", ""), inputs.text("datastoreId", ""),
		inputs.text("contentType", ""))
	if err != nil {
		return volume{}, false, err
	}
	found, ok := findFile(files, id)
	return found, ok, nil
}

// readDownload takes the file for gone when it cannot be listed, when its size has changed, or when
// (with `overwrite`) the upstream's size differs.
func readDownload(ctx context.Context, a *api, id string, state block) (block, bool, error) {
	found, ok, err := findDownload(ctx, a, id, state)
	if err != nil || !ok {
		return nil, false, ctx.Err()
	}
	if !state.flag("overwrite", true) {
		return state, true, nil
	}
	if int64(state.number("size", -1)) != found.Size {
		return nil, false, nil
	}
	// A silent or broken upstream is no reason to download again.
	metadata, err := lookUpstream(ctx, a, state)
	if err == nil && metadata.Size != nil && *metadata.Size != found.Size {
		return nil, false, nil
	}
	return state, true, nil
}
