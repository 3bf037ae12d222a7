package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"homelab/lab/cluster/rke2/config"
)

// encryptCommand is `rke2 secrets-encrypt status`; keys are not rotated here.
// https://docs.rke2.io/security/secrets_encryption
func encryptCommand(args []string) error {
	if len(args) == 0 || args[0] != "status" {
		return errors.New("Error: the simulated rke2 supports `rke2 secrets-encrypt status` only")
	}
	c, _, err := config.Load(config.Server, args[1:])
	if err != nil {
		return fmt.Errorf("Error: %w", err)
	}
	content, err := os.ReadFile(c.Layout.EncryptionConfig())
	if errors.Is(err, fs.ErrNotExist) || err == nil && !c.SecretsEncryption {
		_, err := fmt.Println("Encryption Status: Disabled, no configuration file found")
		return err
	}
	if err != nil {
		return err
	}
	var parsed struct {
		Resources []struct {
			Providers []struct {
				AESCBC *struct{ Keys []struct{ Name string } }
			}
		}
	}
	if err := json.Unmarshal(content, &parsed); err != nil {
		return fmt.Errorf("%s: %w", c.Layout.EncryptionConfig(), err)
	}
	out := "Encryption Status: Enabled\nCurrent Rotation Stage: start\n" +
		"Server Encryption Hashes: All hashes match\n\nActive  Key Type  Name\n------  --------  ----\n"
	for _, resource := range parsed.Resources {
		for _, provider := range resource.Providers {
			if provider.AESCBC == nil {
				continue
			}
			for i, key := range provider.AESCBC.Keys {
				mark := " "
				if i == 0 {
					mark = "*"
				}
				out += fmt.Sprintf(" %s      AES-CBC   %s\n", mark, key.Name)
			}
		}
	}
	_, err = fmt.Print(out)
	return err
}
