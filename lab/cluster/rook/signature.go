package rook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$`)

// unsignedPayload stands for the content's digest where the content is not part of what is signed.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// skew is how far a client's clock may be off.
const skew = 15 * time.Minute

// proof is what a request says of who signed it.
type proof struct {
	access, scope, stamp string
	headers              []string
	query, content       string
	value                string
	// lasts is how long it counts from its stamp on.
	lasts time.Duration
}

// signed is whether a request was signed with the bucket's key, in a header or in its address
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html).
func signed(request *http.Request, bucket *Bucket) bool {
	told, ok := inHeader(request)
	if !ok {
		told, ok = inAddress(request)
	}
	date, err := time.Parse("20060102T150405Z", told.stamp)
	if !ok || err != nil || told.access != bucket.Access || time.Until(date) > skew || time.Since(date) > told.lasts {
		return false
	}
	var headers strings.Builder
	for _, name := range told.headers {
		value := request.Header.Get(name)
		switch name {
		case "host":
			value = request.Host
		case "content-length":
			value = strconv.FormatInt(request.ContentLength, 10)
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.TrimSpace(value))
	}
	canonical := strings.Join([]string{
		request.Method, request.URL.EscapedPath(), told.query, headers.String(), strings.Join(told.headers, ";"), told.content,
	}, "\n")
	digest := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + bucket.Secret)
	for part := range strings.SplitSeq(told.scope, "/") {
		key = keyed(key, part)
	}
	text := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", told.stamp, told.scope, digest)
	return hmac.Equal([]byte(told.value), []byte(hex.EncodeToString(keyed(key, text))))
}

func inHeader(request *http.Request) (proof, bool) {
	found := authorization.FindStringSubmatch(request.Header.Get("Authorization"))
	if found == nil {
		return proof{}, false
	}
	access, scope, _ := strings.Cut(found[1], "/")
	// What a client does not tell is taken for this (ceph, src/rgw/rgw_auth_s3.h: get_v4_exp_payload_hash).
	content := request.Header.Get("X-Amz-Content-Sha256")
	if content == "" {
		content = unsignedPayload
	}
	return proof{
		access: access, scope: scope, stamp: request.Header.Get("X-Amz-Date"), headers: strings.Split(found[2], ";"),
		query: request.URL.RawQuery, content: content, value: found[3], lasts: skew,
	}, true
}

func inAddress(request *http.Request) (proof, bool) {
	query := request.URL.Query()
	seconds, err := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil || query.Get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" {
		return proof{}, false
	}
	access, scope, _ := strings.Cut(query.Get("X-Amz-Credential"), "/")
	told := proof{
		access: access, scope: scope, stamp: query.Get("X-Amz-Date"), headers: strings.Split(query.Get("X-Amz-SignedHeaders"), ";"),
		content: unsignedPayload, value: query.Get("X-Amz-Signature"), lasts: time.Duration(seconds) * time.Second,
	}
	query.Del("X-Amz-Signature")
	told.query = strings.ReplaceAll(query.Encode(), "+", "%20")
	return told, true
}

// unsignedQuery is what a request asks besides its signature.
func unsignedQuery(request *http.Request) url.Values {
	query := request.URL.Query()
	for name := range query {
		if strings.HasPrefix(name, "X-Amz-") {
			query.Del(name)
		}
	}
	// Clients name the operation there, which its method and path say already.
	query.Del("x-id")
	return query
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
