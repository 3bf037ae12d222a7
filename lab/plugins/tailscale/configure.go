package tailscale

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/oauth2/clientcredentials"

	"homelab/lab/plugins/provider"
)

const (
	defaultBase      = "https://api.tailscale.com"
	defaultUserAgent = "Pulumi/3.0 (https://www.pulumi.com) pulumi-tailscale/1.0.0-alpha.0+dev"
)

// plugin holds what Configure found.
type plugin struct {
	configured provider.Configured[client]
}

func (p *plugin) configure(_ context.Context, config provider.Map) error {
	err := p.configured.Set(newClient(config))
	// In a preview, values that are not known yet may be what is missing.
	if config.ContainsUnknowns() {
		return nil
	}
	return err
}

func (p *plugin) client() (*client, error) {
	return p.configured.Get("Tailscale")
}

// unsupported arguments belong to ways to sign in that nothing here uses.
var unsupported = []string{"audience", "identityToken", "identityTokenEnvironmentVariableName"}

// newClient reads arguments, then the environment, then defaults.
func newClient(config provider.Map) (*client, error) {
	for _, name := range unsupported {
		if provider.Text(config, name) != "" {
			return nil, fmt.Errorf("provider argument %s: the lab's tailscale plugin does not serve it; use "+
				"oauthClientId and oauthClientSecret, or apiKey", name)
		}
	}
	var broken error
	read := func(argument string, otherwise string, environment ...string) string {
		value := provider.Text(config, argument)
		for _, name := range environment {
			if value == "" {
				value = os.Getenv(name)
			}
		}
		if value == "" {
			value = otherwise
		}
		if path, named := strings.CutPrefix(value, "file:"); named {
			content, err := os.ReadFile(path)
			if err != nil {
				broken = errors.Join(broken, fmt.Errorf("provider argument %s: %w", argument, err))
			}
			return strings.TrimSpace(string(content))
		}
		return value
	}
	apiKey := read("apiKey", "", "TAILSCALE_API_KEY")
	id := read("oauthClientId", "", "TAILSCALE_OAUTH_CLIENT_ID", "OAUTH_CLIENT_ID")
	secret := read("oauthClientSecret", "", "TAILSCALE_OAUTH_CLIENT_SECRET", "OAUTH_CLIENT_SECRET")
	address := read("baseUrl", defaultBase, "TAILSCALE_BASE_URL")
	base, err := url.Parse(address)
	if err != nil || base.Host == "" {
		broken = errors.Join(broken, fmt.Errorf(
			"provider argument baseUrl: %q is no URL such as %s", address, defaultBase))
	}
	scopes, err := readScopes(provider.Text(config, "scopes"))
	if err := errors.Join(broken, err, credentials(apiKey, id, secret)); err != nil {
		return nil, err
	}
	made := &client{
		base:      strings.TrimRight(base.String(), "/") + "/api/v2",
		tailnet:   read("tailnet", "-", "TAILSCALE_TAILNET"),
		userAgent: read("userAgent", defaultUserAgent),
		apiKey:    apiKey,
		http:      http.DefaultClient,
	}
	if id != "" {
		// The token is fetched with the first call and kept as long as it is valid.
		grant := clientcredentials.Config{
			ClientID: id, ClientSecret: secret, Scopes: scopes, TokenURL: made.base + "/oauth/token",
		}
		made.http = grant.Client(context.Background())
	}
	return made, nil
}

// readScopes reads the argument, which comes as JSON text.
func readScopes(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	var scopes []string
	if err := json.Unmarshal([]byte(text), &scopes); err != nil {
		return nil, fmt.Errorf("provider argument scopes: want a list of texts: %w", err)
	}
	return scopes, nil
}

// credentials refuses none, too many, and halves.
func credentials(apiKey, id, secret string) error {
	const summary = "Provider credentials error: tailscale provider "
	switch {
	case apiKey == "" && id == "" && secret == "":
		return errors.New(summary + "credentials are empty - set `api_key` or 'oauth_client_id' and one of " +
			"'oauth_client_secret', 'identity_token', or 'audience'")
	case apiKey != "" && (id != "" || secret != ""):
		return errors.New(summary + "credentials are conflicting - `api_key` conflicts with " +
			"'oauth_client_id' and 'oauth_client_secret'")
	case apiKey == "" && id == "":
		return errors.New(summary + "argument 'oauth_client_id' is empty")
	case id != "" && secret == "":
		return errors.New(summary + "argument 'oauth_client_secret' is mandatory with 'oauth_client_id'")
	}
	return nil
}
