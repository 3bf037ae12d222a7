// Package token reads and writes cluster tokens: a bare password, or
// K10<sha256 of the cluster's CA bundle>::<user>:<password>.
// https://docs.rke2.io/security/token
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

const prefix = "K10"

// Token is a parsed token. CAHash is empty for a bare password; User then is, too.
type Token struct {
	CAHash   string
	User     string
	Password string
}

// Parse reads both forms. Its errors are RKE2's texts.
func Parse(s string) (Token, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Token{}, errors.New("token must not be empty")
	}
	if !strings.HasPrefix(s, prefix) {
		return Token{Password: s}, nil
	}
	hash, credentials, found := strings.Cut(s[len(prefix):], "::")
	if !found {
		return Token{}, errors.New("invalid token format")
	}
	if hash != "" && len(hash) != sha256.Size*2 {
		return Token{}, errors.New("invalid token CA hash length")
	}
	user, password, found := strings.Cut(credentials, ":")
	if !found || password == "" {
		return Token{}, errors.New("invalid token format")
	}
	return Token{CAHash: hash, User: user, Password: password}, nil
}

// Format writes the full form for a CA bundle in PEM.
func Format(ca []byte, user, password string) string {
	return prefix + Hash(ca) + "::" + user + ":" + password
}

// Hash is the hexadecimal SHA-256 of a CA bundle in PEM.
func Hash(ca []byte) string {
	sum := sha256.Sum256(ca)
	return hex.EncodeToString(sum[:])
}

// CheckCA compares the token's hash, if it has one, with the CA that a server presented.
func (t Token) CheckCA(ca []byte) error {
	if t.CAHash == "" || t.CAHash == Hash(ca) {
		return nil
	}
	return fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s",
		t.CAHash, Hash(ca))
}

// Random returns a new password of 32 hexadecimal digits.
func Random() (string, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("token: cannot read random bytes: %w", err)
	}
	return hex.EncodeToString(b), nil
}
