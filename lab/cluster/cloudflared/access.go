package cloudflared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"
)

// accessHeader is how the edge's Access says whom it has let through.
const accessHeader = "Cf-Access-Jwt-Assertion"

// accessCheck demands of each request a token of one of these applications, as cloudflared's ingress/middleware/jwtvalidator.go
// does with the same library.
type accessCheck struct {
	verifier *oidc.IDTokenVerifier
	audience []string
}

// parseAccess reads `originRequest`. A check that is not required is none (ingress/ingress.go validateAccessConfiguration).
func parseAccess(settings map[string]json.RawMessage, keys *http.Client) (*accessCheck, error) {
	for name := range settings {
		if name != "access" {
			return nil, fmt.Errorf("originRequest.%s: the lab's cloudflared does not support it", name)
		}
	}
	if settings["access"] == nil {
		return nil, nil
	}
	var access struct {
		Required bool     `json:"required"`
		TeamName string   `json:"teamName"`
		AudTag   []string `json:"audTag"`
	}
	if err := json.Unmarshal(settings["access"], &access); err != nil {
		return nil, fmt.Errorf("originRequest.access: %w", err)
	}
	if !access.Required {
		return nil, nil
	}
	if access.TeamName == "" && len(access.AudTag) > 0 {
		return nil, errors.New("access.TeamName cannot be blank when access.audTags are present")
	}
	issuer := fmt.Sprintf("https://%s.cloudflareaccess.com", access.TeamName)
	set := oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), keys), issuer+"/cdn-cgi/access/certs")
	return &accessCheck{oidc.NewVerifier(issuer, set, &oidc.Config{SkipClientIDCheck: true}), access.AudTag}, nil
}

// refusal is why a request is filtered, or empty. An error is not the visitor's fault, or a token that is none.
func (a *accessCheck) refusal(r *http.Request) (string, error) {
	shown := r.Header.Get(accessHeader)
	if shown == "" {
		return "no access token in request", nil
	}
	token, err := a.verifier.Verify(r.Context(), shown)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(token.Audience, func(one string) bool { return slices.Contains(a.audience, one) }) {
		return "", nil
	}
	return fmt.Sprintf("Invalid token in jwt: %v", token.Audience), nil
}
