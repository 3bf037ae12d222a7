package proxmoxve

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

var tokenForm = regexp.MustCompile(`^\S+@\S+!\S+=[a-zA-Z0-9-]+$`)

var tlsVersions = map[string]uint16{
	"": tls.VersionTLS13, "1.3": tls.VersionTLS13, "1.2": tls.VersionTLS12,
	"1.1": tls.VersionTLS11, "1.0": tls.VersionTLS10,
}

// settings are the provider's arguments after the environment has filled what they leave out.
type settings struct {
	Endpoint string      `json:"endpoint"`
	Insecure bool        `json:"insecure"`
	MinTLS   string      `json:"minTls"`
	APIToken string      `json:"apiToken"`
	SSH      sshSettings `json:"ssh"`
}

// plugin holds what Configure found. A bad configuration fails at the first resource, not before.
type plugin struct {
	configured provider.Configured[api]
}

func (p *plugin) configure(_ context.Context, config provider.Map) error {
	// What is wrong is the first resource's to say.
	_ = p.configured.Set(newAPI(config))
	return nil
}

// client is the configured API.
func (p *plugin) client() (*api, error) {
	return p.configured.Get("Proxmox VE")
}

func newAPI(config provider.Map) (*api, error) {
	s, err := readSettings(config)
	if err != nil {
		return nil, err
	}
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil || endpoint.Scheme != "https" || endpoint.Host == "" {
		return nil, fmt.Errorf("endpoint %q: must be a URL that starts with https://, for example "+
			"https://192.168.1.11:8006", s.Endpoint)
	}
	if s.APIToken == "" {
		return nil, errors.New("must provide an API token (argument apiToken or PROXMOX_VE_API_TOKEN): " +
			"the lab's proxmoxve plugin serves neither passwords nor tickets")
	}
	if !tokenForm.MatchString(s.APIToken) {
		return nil, errors.New("failed to create API client: the API token must be in the format " +
			"'USER@REALM!TOKENID=UUID'")
	}
	minimum, ok := tlsVersions[s.MinTLS]
	if !ok {
		return nil, fmt.Errorf("unsupported minimal TLS version %s, must be one of: 1.0, 1.1, 1.2, 1.3",
			s.MinTLS)
	}
	if s.SSH.Username == "" {
		s.SSH.Username = strings.Split(s.APIToken, "@")[0]
	}
	return &api{
		base:  "https://" + endpoint.Host,
		token: s.APIToken,
		ssh:   s.SSH,
		http: &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment,
			TLSClientConfig: &tls.Config{
				MinVersion:         minimum,
				InsecureSkipVerify: s.Insecure, //nolint:gosec // the user's own setting
			},
			// An empty map keeps to HTTP/1.1.
			TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
		}},
	}, nil
}

// readSettings merges arguments and environment. Nested arguments and booleans come as JSON text.
func readSettings(config provider.Map) (settings, error) {
	var s settings
	plain := provider.Map{}
	for key, value := range config {
		if value.IsString() && (key == "ssh" || key == "insecure") {
			var parsed any
			if err := json.Unmarshal([]byte(value.StringValue()), &parsed); err != nil {
				return s, fmt.Errorf("provider argument %s: %w", key, err)
			}
			value = resource.NewPropertyValue(parsed)
		}
		if !value.ContainsUnknowns() {
			plain[key] = value
		}
	}
	for _, unsupported := range []resource.PropertyKey{
		"username", "password", "otp", "authTicket", "csrfPreventionToken", "randomVmIds",
	} {
		if plain.HasValue(unsupported) {
			return s, fmt.Errorf("provider argument %s: the lab's proxmoxve plugin does not serve it; use "+
				"apiToken", unsupported)
		}
	}
	if err := provider.Decode(plain, &s); err != nil {
		return s, fmt.Errorf("provider configuration: %w", err)
	}
	fill(&s.Endpoint, "PROXMOX_VE_ENDPOINT")
	fill(&s.MinTLS, "PROXMOX_VE_MIN_TLS")
	fill(&s.APIToken, "PROXMOX_VE_API_TOKEN")
	fill(&s.SSH.Username, "PROXMOX_VE_SSH_USERNAME")
	fill(&s.SSH.Password, "PROXMOX_VE_SSH_PASSWORD")
	fill(&s.SSH.PrivateKey, "PROXMOX_VE_SSH_PRIVATE_KEY")
	fill(&s.SSH.AgentSocket, "PROXMOX_VE_SSH_AUTH_SOCK", "SSH_AUTH_SOCK")
	for name, into := range map[string]*bool{
		"PROXMOX_VE_INSECURE": &s.Insecure, "PROXMOX_VE_SSH_AGENT": &s.SSH.Agent,
	} {
		text := os.Getenv(name)
		if text == "" || *into {
			continue
		}
		value, err := strconv.ParseBool(text)
		if err != nil {
			return s, fmt.Errorf("environment variable %s: %q is neither true nor false", name, text)
		}
		*into = value
	}
	return s, nil
}

func fill(value *string, names ...string) {
	for _, name := range names {
		if *value == "" {
			*value = os.Getenv(name)
		}
	}
}

// checkConfig refuses an endpoint without a scheme, as the official provider does before anything else.
func checkConfig(config provider.Map) []provider.Failure {
	if endpoint := provider.Text(config, "endpoint"); endpoint != "" &&
		!strings.Contains(endpoint, "://") {
		return []provider.Failure{{Property: "endpoint",
			Reason: fmt.Sprintf("%q must not be empty and must be a valid URL", endpoint)}}
	}
	return nil
}
