package cloudflared

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// token is what a tunnel's token holds: base64 of JSON with the account, the tunnel's id and its
// secret, which is base64 itself
// (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/remote-tunnel-permissions/).
type token struct {
	Account string `json:"a"`
	Tunnel  string `json:"t"`
	Secret  string `json:"s"`
}

var errToken = errors.New("Provided Tunnel token is not valid.")

// parseToken reads a token; the error, cloudflared's own, does not repeat it.
func parseToken(text string) (parsed token, err error) {
	content, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return parsed, errToken
	}
	if json.Unmarshal(content, &parsed) != nil || parsed.Account == "" || parsed.Tunnel == "" {
		return parsed, errToken
	}
	if secret, err := base64.StdEncoding.DecodeString(parsed.Secret); err != nil || len(secret) == 0 {
		return parsed, errToken
	}
	return parsed, nil
}
