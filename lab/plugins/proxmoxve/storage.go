package proxmoxve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

const (
	listAttempts = 10
	listPause    = 100 * time.Millisecond
)

// volume is a file of a datastore.
type volume struct {
	ID   string `json:"volid"`
	Size int64  `json:"size"`
}

func contentPath(node, store string) string {
	return fmt.Sprintf("nodes/%s/storage/%s/content", url.PathEscape(node), url.PathEscape(store))
}

// listFiles lists a datastore's files of one content type. Errors are tried again for 51 s, but not
// that something is gone or forbidden.
func (a *api) listFiles(ctx context.Context, node, store, content string) ([]volume, error) {
	query := url.Values{}
	optional(query, "content", content)
	var files []volume
	again := func(err error) bool {
		return !errors.Is(err, errGone) && statusOf(err) != http.StatusForbidden
	}
	err := repeat{attempts: listAttempts, pause: listPause, again: again}.run(ctx, func() error {
		files = nil
		if err := a.get(ctx, contentPath(node, store), query, &files); err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("error retrieving files from datastore %s: %w", store, err)
	}
	return files, nil
}

// findFile looks for a volume id in a list.
func findFile(files []volume, id string) (volume, bool) {
	for _, one := range files {
		if one.ID == id {
			return one, true
		}
	}
	return volume{}, false
}

// deleteFile removes a volume; one that is gone already is fine, and the task is not waited for.
func (a *api) deleteFile(ctx context.Context, node, store, id string) error {
	err := a.delete(ctx, contentPath(node, store)+"/"+escapeVolume(id), nil)
	if err != nil && !errors.Is(err, errGone) {
		return fmt.Errorf("error deleting %s: %w", id, err)
	}
	return nil
}
