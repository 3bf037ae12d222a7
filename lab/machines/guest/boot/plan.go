// Package boot is a machine's process 1: it applies what the hypervisor planned, runs the services and ends the machine.
package boot

import (
	"encoding/json"
	"os"
)

// planPath is where the sandbox shows the plan.
const planPath = "/run/lab/boot.json"

// file is a file to write; Content is base64 in JSON.
type file struct {
	Path    string `json:"path"`
	Content []byte `json:"content"`
	Mode    string `json:"mode"`
	Owner   string `json:"owner"`
	Append  bool   `json:"append"`
}

type user struct {
	Name           string   `json:"name"`
	Gecos          string   `json:"gecos"`
	Groups         []string `json:"groups"`
	PrimaryGroup   string   `json:"primaryGroup"`
	Shell          string   `json:"shell"`
	Password       string   `json:"password"`
	UID            int      `json:"uid"`
	Home           string   `json:"home"`
	CreateHome     bool     `json:"createHome"`
	System         bool     `json:"system"`
	Sudo           []string `json:"sudo"`
	AuthorizedKeys []string `json:"authorizedKeys"`
}

type firstBoot struct {
	Users   []user `json:"users"`
	HostKey *struct {
		Private string `json:"private"`
		Public  string `json:"public"`
	} `json:"hostKey"`
	DeleteHostKeys   bool     `json:"deleteHostKeys"`
	GenerateHostKeys []string `json:"generateHostKeys"`
	PasswordLogin    bool     `json:"passwordLogin"`
	Files            []file   `json:"files"`
	PackageUpdate    bool     `json:"packageUpdate"`
	PackageUpgrade   bool     `json:"packageUpgrade"`
	Packages         []string `json:"packages"`
	Commands         string   `json:"commands"`
}

// plan mirrors BootPlan of lab/machines/boot-plan.ts, where the fields are explained.
type plan struct {
	InstanceID  string `json:"instanceId"`
	UserData    string `json:"userData"`
	Hostname    string `json:"hostname"`
	FQDN        string `json:"fqdn"`
	ManageHosts string `json:"manageHosts"`
	ExtraHosts  []struct {
		Address string `json:"address"`
		Name    string `json:"name"`
	} `json:"extraHosts"`
	EveryBoot []file     `json:"everyBoot"`
	Problems  []string   `json:"problems"`
	Warnings  []string   `json:"warnings"`
	FirstBoot *firstBoot `json:"firstBoot"`
}

func readPlan() (*plan, error) {
	text, err := os.ReadFile(planPath)
	if err != nil {
		return nil, err
	}
	var p plan
	return &p, json.Unmarshal(text, &p)
}
