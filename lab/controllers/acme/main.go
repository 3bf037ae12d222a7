// Let's Encrypt as the lab plays it: pebble's authority, store, validation and web front end, under the path that Let's
// Encrypt has, and with the limits that it has on certificates for the same names. pebble's own main knows neither.
package main

import (
	"encoding/pem"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// days90 is what Let's Encrypt gives without a profile, in seconds: https://letsencrypt.org/docs/profiles/#classic
const days90 = 90 * 24 * 3600

func main() {
	listen := flag.String("listen", "", "address and port of the API")
	certificate := flag.String("certificate", "", "file with the API's certificate")
	key := flag.String("key", "", "file with its key")
	resolver := flag.String("resolver", "", "address and port of the resolver that names are proven at")
	roots := flag.String("roots", "", "file that the new root is added to")
	duplicates := flag.Int("duplicates", 0, "certificates for the same names in a week")
	flag.Parse()
	logger := log.New(os.Stdout, "", log.LstdFlags)

	store := db.NewMemoryStore()
	// pebble draws one where an order names none, and Let's Encrypt takes this one.
	profiles := map[string]ca.Profile{
		"classic": {Description: "https://letsencrypt.org/docs/profiles#classic", ValidityPeriod: days90},
	}
	// By itself pebble waits up to 15 seconds before it validates.
	if err := os.Setenv("PEBBLE_VA_NOSLEEP", "1"); err != nil {
		logger.Fatal(err)
	}
	authority := ca.New(logger, store, "", "ecdsa", 0, 1, profiles)
	if err := addRoot(*roots, authority); err != nil {
		logger.Fatal(err)
	}
	validation := va.New(logger, 80, 443, false, *resolver, store)
	front := wfe.New(logger, store, validation, authority, []string{"letsencrypt.org"}, false, false, 3, 3)
	limits := newLimits(*duplicates)
	logger.Fatal(http.ListenAndServeTLS(*listen, *certificate, *key, directory(limits.guard(front.Handler()))))
}

// directory serves pebble's directory at Let's Encrypt's path.
func directory(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/directory" {
			request.URL.Path = wfe.DirectoryPath
		}
		next.ServeHTTP(response, request)
	})
}

// addRoot writes the root, which pebble makes anew at each start, behind those before it: what they have signed is still
// in use.
func addRoot(file string, authority *ca.CAImpl) error {
	root := authority.GetRootCert(0)
	if root == nil {
		return fmt.Errorf("pebble has no root")
	}
	out, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	return pem.Encode(out, &pem.Block{Type: "CERTIFICATE", Bytes: root.DER})
}
