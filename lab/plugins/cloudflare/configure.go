package cloudflare

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"

	"homelab/lab/plugins/provider"
)

const defaultBase = "https://api.cloudflare.com/client/v4/"

var tokenForm = regexp.MustCompile(`^[0-9A-Za-z\-_]{40,80}$`)

// plugin holds what Configure found.
type plugin struct {
	configured provider.Configured[client]
}

// checkConfig refuses a token argument of the wrong form. One from the environment is not looked at.
func checkConfig(config provider.Map) []provider.Failure {
	token, given := config["apiToken"]
	if given && token.IsString() && !tokenForm.MatchString(token.StringValue()) {
		return []provider.Failure{{Property: "apiToken",
			Reason: "API tokens must be 40 to 80 characters long and only contain characters " +
				"a-z, A-Z, 0-9, hyphens and underscores"}}
	}
	for _, name := range []string{"apiKey", "apiUserServiceKey", "email"} {
		if provider.Text(config, name) != "" {
			return []provider.Failure{{Property: name,
				Reason: "the lab's cloudflare plugin does not serve this argument; use apiToken"}}
		}
	}
	return nil
}

// configure makes no call: a wrong token is found by the first one.
func (p *plugin) configure(_ context.Context, config provider.Map) error {
	return p.configured.Set(newClient(config))
}

func (p *plugin) client() (*client, error) {
	return p.configured.Get("Cloudflare")
}

// newClient reads arguments, then the environment. Without any token requests carry no Authorization.
func newClient(config provider.Map) (*client, error) {
	base := provider.Text(config, "baseUrl")
	if base == "" {
		base = os.Getenv("CLOUDFLARE_BASE_URL")
	}
	if base == "" {
		base = defaultBase
	}
	if address, err := url.Parse(base); err != nil || address.Host == "" {
		return nil, fmt.Errorf("provider argument baseUrl: %q is no URL such as %s", base, defaultBase)
	}
	made := &client{base: strings.TrimRight(base, "/") + "/", http: &http.Client{}}
	if token, ok := os.LookupEnv("CLOUDFLARE_API_TOKEN"); ok {
		made.token = &token
	}
	if token := provider.Text(config, "apiToken"); token != "" {
		made.token = &token
	}
	return made, nil
}
