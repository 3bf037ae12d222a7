package main

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/layout"
)

// nodeCertificate is one certificate as `rke2 certificate check --output json` gives it: the names are those of
// https://github.com/k3s-io/k3s/blob/master/pkg/cli/cert/cert.go
type nodeCertificate struct {
	Filename, Subject, Issuer string
	Usages                    []string
	ExpiryTime                time.Time
	ResidualTime              time.Duration
	// Status is OK, WARNING within 120 days of the end, EXPIRED or NOT YET VALID.
	Status string
}

// certificateCommand is `rke2 certificate check`. Nothing is rotated here.
// https://docs.rke2.io/security/certificates
func certificateCommand(args []string, out io.Writer, log *slog.Logger) error {
	if len(args) == 0 || args[0] != "check" {
		return errors.New("Error: the simulated rke2 supports `rke2 certificate check` only")
	}
	format := "text"
	for rest := args[1:]; len(rest) > 0; {
		name, value, joined := strings.Cut(rest[0], "=")
		rest = rest[1:]
		if name != "--output" && name != "-o" {
			return fmt.Errorf("Error: flag %s is not supported by the simulated rke2", name)
		}
		if !joined {
			if len(rest) == 0 {
				return fmt.Errorf("Error: flag needs an argument: %s", name)
			}
			value, rest = rest[0], rest[1:]
		}
		format = value
	}
	found, err := nodeCertificates(layout.Layout{DataDir: layout.DefaultDataDir}, time.Now())
	if err != nil {
		return err
	}
	switch format {
	case "text":
		for _, c := range found {
			log.Info(fmt.Sprintf("%s: certificate %s (%s) is %s, expires at %s", c.Filename, c.Subject,
				strings.Join(c.Usages, ","), strings.ToLower(c.Status), c.ExpiryTime.Format(time.RFC3339)))
		}
		return nil
	case "table":
		return certificateTable(out, found)
	case "json":
		return json.NewEncoder(out).Encode(map[string]any{"Certificates": found})
	}
	return fmt.Errorf("Error: invalid output format %s", format)
}

func certificateTable(out io.Writer, found []nodeCertificate) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "\nFILENAME\tSUBJECT\tUSAGES\tEXPIRES\tRESIDUAL TIME\tSTATUS\n")
	fmt.Fprintf(table, "--------\t-------\t------\t-------\t-------------\t------\n")
	for _, c := range found {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d days\t%s\n", c.Filename, c.Subject, strings.Join(c.Usages, ","),
			c.ExpiryTime.Format("Jan 02, 2006 15:04 MST"), int(c.ResidualTime.Hours()/24), c.Status)
	}
	return table.Flush()
}

// nodeCertificates lists a node's certificates, each file's authority after its leaf, as RKE2 does.
func nodeCertificates(l layout.Layout, now time.Time) ([]nodeCertificate, error) {
	found := []nodeCertificate{}
	for _, pattern := range []string{l.TLS("*.crt"), l.TLS("etcd", "*.crt"), l.Agent("*.crt")} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if strings.HasSuffix(file, "-ca.crt") {
				continue
			}
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			chain, err := certs.Chain(content)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			for _, cert := range chain {
				found = append(found, nodeCertificate{
					Filename: filepath.Base(file), Subject: cert.Subject.CommonName, Issuer: cert.Issuer.CommonName,
					Usages: usages(cert), ExpiryTime: cert.NotAfter, ResidualTime: cert.NotAfter.Sub(now),
					Status: status(cert, now),
				})
			}
		}
	}
	return found, nil
}

func usages(cert *x509.Certificate) []string {
	found := []string{}
	for _, usage := range cert.ExtKeyUsage {
		switch usage {
		case x509.ExtKeyUsageClientAuth:
			found = append(found, "ClientAuth")
		case x509.ExtKeyUsageServerAuth:
			found = append(found, "ServerAuth")
		}
	}
	if cert.KeyUsage&x509.KeyUsageCertSign != 0 {
		found = append(found, "CertSign")
	}
	return found
}

func status(cert *x509.Certificate, now time.Time) string {
	switch {
	case now.Before(cert.NotBefore):
		return "NOT YET VALID"
	case now.After(cert.NotAfter):
		return "EXPIRED"
	case now.Add(certs.RenewBefore).After(cert.NotAfter):
		return "WARNING"
	}
	return "OK"
}
