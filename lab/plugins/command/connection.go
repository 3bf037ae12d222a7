package command

import (
	"fmt"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"

	"homelab/lab/plugins/provider"
)

const (
	defaultPort           = 22
	defaultDialErrorLimit = 10
	unlimited             = -1
	defaultPerDialTimeout = 15
)

// connection is the argument of that name. Durations are in seconds.
type connection struct {
	endpoint
	Proxy *endpoint `json:"proxy"`
}

// endpoint is an SSH server and how to log in to it.
type endpoint struct {
	Host               string  `json:"host"`
	Port               float64 `json:"port"`
	User               string  `json:"user"`
	Password           *string `json:"password"`
	PrivateKey         *string `json:"privateKey"`
	PrivateKeyPassword *string `json:"privateKeyPassword"`
	AgentSocketPath    *string `json:"agentSocketPath"`
	DialErrorLimit     int     `json:"dialErrorLimit"`
	PerDialTimeout     int     `json:"perDialTimeout"`
	HostKey            *string `json:"hostKey"`
}

// fields of a connection: what type each has.
var fields = map[resource.PropertyKey]func(resource.PropertyValue) bool{
	"host": resource.PropertyValue.IsString, "port": resource.PropertyValue.IsNumber,
	"user": resource.PropertyValue.IsString, "password": resource.PropertyValue.IsString,
	"privateKey":         resource.PropertyValue.IsString,
	"privateKeyPassword": resource.PropertyValue.IsString,
	"agentSocketPath":    resource.PropertyValue.IsString,
	"dialErrorLimit":     resource.PropertyValue.IsNumber,
	"perDialTimeout":     resource.PropertyValue.IsNumber,
	"hostKey":            resource.PropertyValue.IsString,
}

// checkConnection fills in defaults. A field that it does not know makes it print the whole connection,
// with its secrets, as the official plugin does.
func checkConnection(value resource.PropertyValue) (resource.PropertyValue, []provider.Failure) {
	switch {
	case value.IsComputed() || value.IsOutput():
		return value, nil
	case value.IsNull():
		return value, []provider.Failure{{Property: "connection", Reason: "missing required field"}}
	case !value.IsObject():
		return value, []provider.Failure{{Property: "connection",
			Reason: fmt.Sprintf("must be an object, got %s", value.TypeString())}}
	}
	checked, refused := checkEndpoint("connection", value.ObjectValue(), true)
	if proxy, ok := checked["proxy"]; ok && proxy.IsObject() {
		inner, more := checkEndpoint("connection.proxy", proxy.ObjectValue(), false)
		checked["proxy"] = resource.NewProperty(inner)
		refused = append(refused, more...)
	}
	return resource.NewProperty(checked), refused
}

func checkEndpoint(
	path string, given provider.Map, proxyAllowed bool,
) (provider.Map, []provider.Failure) {
	checked, refused := provider.Copy(given), []provider.Failure(nil)
	for key, value := range given {
		isType, known := fields[key]
		switch {
		case key == "proxy" && proxyAllowed || value.IsComputed() || value.IsOutput():
		case !known:
			refused = append(refused, provider.Failure{Property: path, Reason: fmt.Sprintf(
				"unknown field %q in %v", key, given.Mappable())})
		case !isType(value):
			refused = append(refused, provider.Failure{Property: path + "." + string(key),
				Reason: fmt.Sprintf("wrong type %s", value.TypeString())})
		}
	}
	if !given.HasValue("host") {
		refused = append(refused,
			provider.Failure{Property: path + ".host", Reason: "missing required field"})
	}
	for key, value := range map[resource.PropertyKey]resource.PropertyValue{
		"user": resource.NewProperty("root"), "port": resource.NewProperty(float64(defaultPort)),
		"dialErrorLimit": resource.NewProperty(float64(defaultDialErrorLimit)),
		"perDialTimeout": resource.NewProperty(float64(defaultPerDialTimeout)),
	} {
		if !checked.HasValue(key) {
			checked[key] = value
		}
	}
	return checked, refused
}

// config prepares a login. Without a host key the server is not verified at all.
func (e *endpoint) config() (*ssh.ClientConfig, error) {
	config := &ssh.ClientConfig{
		User: e.User,
		//nolint:gosec // the official plugin's behaviour: no host key, no check
		HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		// Covers the TCP connection only: a host that accepts and stays silent is waited for forever.
		Timeout: time.Duration(e.PerDialTimeout) * time.Second,
	}
	if e.HostKey != nil {
		key, err := parseHostKey(*e.HostKey)
		if err != nil {
			return nil, fmt.Errorf("failed to parse host key: %w", err)
		}
		config.HostKeyCallback = ssh.FixedHostKey(key)
		config.HostKeyAlgorithms = []string{key.Type()}
	}
	if e.PrivateKey != nil {
		signer, err := e.signer()
		if err != nil {
			return nil, err
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(signer))
	}
	if e.Password != nil {
		config.Auth = append(config.Auth, ssh.Password(*e.Password))
		config.Auth = append(config.Auth, ssh.KeyboardInteractive(
			func(_, _ string, questions []string, _ []bool) ([]string, error) {
				answers := make([]string, len(questions))
				for i := range questions {
					answers[i] = *e.Password
				}
				return answers, nil
			}))
	}
	socket := os.Getenv("SSH_AUTH_SOCK")
	if e.AgentSocketPath != nil {
		socket = *e.AgentSocketPath
	}
	if socket != "" {
		method, err := agentMethod(socket)
		if err != nil {
			return nil, err
		}
		config.Auth = append(config.Auth, method)
	}
	return config, nil
}

// parseHostKey reads the line of a .pub file; a known_hosts line, with the host first, works too.
func parseHostKey(line string) (ssh.PublicKey, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	return key, err
}

func (e *endpoint) signer() (ssh.Signer, error) {
	if e.PrivateKeyPassword != nil {
		return ssh.ParsePrivateKeyWithPassphrase([]byte(*e.PrivateKey), []byte(*e.PrivateKeyPassword))
	}
	return ssh.ParsePrivateKey([]byte(*e.PrivateKey))
}
