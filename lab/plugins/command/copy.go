package command

import (
	"context"
	"fmt"

	"github.com/pkg/sftp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// copyToRemote uploads a file, a text or a directory by SFTP. It never deletes, and looks at the host
// only when the content or the path changes.
type copyToRemote struct{}

var copyTypes = map[resource.PropertyKey]func(resource.PropertyValue) bool{
	"connection": nil, "triggers": resource.PropertyValue.IsArray,
	"source": nil, "remotePath": resource.PropertyValue.IsString,
}

// Check refuses sources that are not a file, a text or a directory.
func (*copyToRemote) Check(
	_ context.Context, req provider.Check,
) (provider.Map, []provider.Failure, error) {
	checked, refused := checkInputs(req.News, copyTypes)
	if !req.News.HasValue("remotePath") {
		refused = append(refused,
			provider.Failure{Property: "remotePath", Reason: "missing required field"})
	}
	switch source := checked["source"]; {
	case source.IsComputed() || source.IsOutput():
	case source.IsAsset():
		if asset := source.AssetValue(); !asset.IsPath() && !asset.IsText() {
			refused = append(refused, provider.Failure{Property: "asset",
				Reason: "asset must be a path-based file asset or a text asset"})
		}
	case source.IsArchive():
		if !source.ArchiveValue().IsPath() {
			refused = append(refused, provider.Failure{Property: "archive",
				Reason: "archive must be a path to a file or directory"})
		}
	default:
		refused = append(refused, provider.Failure{Property: "asset",
			Reason: "either asset or archive must be set"})
	}
	return checked, refused, nil
}

// Diff replaces for changed triggers only.
func (*copyToRemote) Diff(_ context.Context, req provider.Change) (provider.Diff, error) {
	return diffInputs(req), nil
}

// Preview knows everything.
func (*copyToRemote) Preview(inputs provider.Map) provider.Map {
	return hideConnection(provider.Copy(inputs))
}

// PreviewUpdate knows everything.
func (*copyToRemote) PreviewUpdate(req provider.Change) provider.Map {
	return hideConnection(provider.Copy(req.News))
}

// Create copies.
func (*copyToRemote) Create(
	ctx context.Context, call provider.Call, inputs provider.Map,
) (string, provider.Map, error) {
	if err := upload(ctx, call, inputs); err != nil {
		return "", nil, err
	}
	id, err := resource.NewUniqueHex("", 8, 0)
	if err != nil {
		return "", nil, fmt.Errorf("drawing an id: %w", err)
	}
	return id, hideConnection(provider.Copy(inputs)), nil
}

// Read finds what the state holds; a file that is gone on the host is not noticed.
func (*copyToRemote) Read(
	_ context.Context, req provider.Read,
) (provider.Map, provider.Map, bool, error) {
	return hideConnection(provider.Copy(req.State)), hideConnection(provider.Copy(req.Inputs)), true, nil
}

// Update copies when the content or the path changed, not for another connection.
func (*copyToRemote) Update(ctx context.Context, req provider.Change) (provider.Map, error) {
	changed := hash(req.News["source"]) != hash(req.State["source"]) ||
		provider.Text(req.News, "remotePath") != provider.Text(req.State, "remotePath")
	if changed {
		if err := upload(ctx, req.Call, req.News); err != nil {
			return nil, err
		}
	}
	return hideConnection(provider.Copy(req.News)), nil
}

// Delete leaves the copy where it is.
func (*copyToRemote) Delete(context.Context, provider.Call, provider.Map) error { return nil }

func hash(source resource.PropertyValue) string {
	switch {
	case source.IsAsset():
		return source.AssetValue().Hash
	case source.IsArchive():
		return source.ArchiveValue().Hash
	default:
		return ""
	}
}

func upload(ctx context.Context, call provider.Call, inputs provider.Map) error {
	var to struct {
		Connection connection `json:"connection"`
	}
	target := provider.Map{"connection": inputs["connection"]}
	if err := provider.Decode(target, &to); err != nil {
		return err
	}
	path := provider.Text(inputs, "remotePath")
	provider.Log(ctx, call, diag.Debug, fmt.Sprintf("Creating file: %s:%s", to.Connection.Host, path))
	client, err := to.Connection.dial(ctx, call)
	if err != nil {
		return err
	}
	defer func() {
		// All was written or failed before; nothing depends on the goodbye.
		_ = client.Close()
	}()
	files, err := sftp.NewClient(client, sftp.UseConcurrentWrites(true))
	if err != nil {
		return err
	}
	switch source := inputs["source"]; {
	case source.IsAsset() && source.AssetValue().IsText():
		err = copyText(files, source.AssetValue().Text, path)
	case source.IsAsset():
		err = copyPath(files, source.AssetValue().Path, path)
	default:
		err = copyPath(files, source.ArchiveValue().Path, path)
	}
	if err != nil {
		return err
	}
	return files.Close()
}
