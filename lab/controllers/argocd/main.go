// Argo CD, as far as the lab plays it. What it does to the cluster is done by Argo CD's own engine: the copy of the cluster, the
// comparison, waves, hooks, pruning, server-side apply and health are packages of gitops-engine, and trees are built by the real
// Kustomize and Helm. The lab's own is what stands around it: which Application is looked at when, what is read from git, projects,
// and statuses. It is one program, as upstream, chosen by the name that it was started with.
//
// Followed is Argo CD v3.4.4 (https://github.com/argoproj/argo-cd); the engine is that of 3.2, the newest that is a module of its own.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	programs := map[string]func(context.Context, []string) error{
		"argocd":                           runAdmin,
		"argocd-application-controller":    runController,
		"argocd-applicationset-controller": runSets,
		"argocd-repo-server":               runReader,
		"argocd-server":                    runServer,
		"kustomize":                        runKustomize,
		"redis-server":                     runRedis,
	}
	name := filepath.Base(os.Args[0])
	program, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "%s is none of Argo CD's programs\n", name)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := program(ctx, os.Args[1:]); err != nil && ctx.Err() == nil {
		slog.Error(name+" ends", "error", err)
		os.Exit(1)
	}
}
