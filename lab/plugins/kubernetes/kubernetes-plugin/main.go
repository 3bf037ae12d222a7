// Command cmd is the Kubernetes plugin alone. It brings the Kubernetes and Helm libraries, which
// every other plugin would spend more time initialising than on its work.
package main

import (
	"fmt"
	"os"

	"homelab/lab/plugins/kubernetes"
)

func main() {
	if err := kubernetes.Main(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
		os.Exit(1)
	}
}
