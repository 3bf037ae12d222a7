package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"slices"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
)

// Types of resources, in the order in which they depend on each other.
const (
	clusterType  = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
	endpointType = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
	listenerType = "type.googleapis.com/envoy.config.listener.v3.Listener"
	routeType    = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
	secretType   = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
)

// follow keeps the proxy as Envoy Gateway wants it, and asks again when the connection breaks: what runs stays meanwhile.
func follow(ctx context.Context, options options, boot bootstrap, proxy *proxy) error {
	for {
		err := subscribe(ctx, options, boot, proxy)
		if ctx.Err() != nil {
			return nil
		}
		log.Printf("%s: %v; asking again", boot.control, err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

func subscribe(ctx context.Context, options options, boot bootstrap, proxy *proxy) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	identity, err := boot.identity()
	if err != nil {
		return err
	}
	connection, err := grpc.NewClient("dns:///"+boot.control, grpc.WithTransportCredentials(credentials.NewTLS(identity)))
	if err != nil {
		return err
	}
	defer connection.Close()
	stream, err := discoveryv3.NewAggregatedDiscoveryServiceClient(connection).DeltaAggregatedResources(ctx)
	if err != nil {
		return err
	}
	asked := map[string][]string{}
	node := &corev3.Node{Id: options.node, Cluster: options.cluster}
	send := func(request *discoveryv3.DeltaDiscoveryRequest) error {
		// The node stands in the first message alone (set_node_on_first_message_only).
		request.Node, node = node, nil
		return stream.Send(request)
	}
	// All clusters and all listeners; the rest is asked for by the names that these have.
	for _, kind := range []string{clusterType, listenerType} {
		request := &discoveryv3.DeltaDiscoveryRequest{TypeUrl: kind, InitialResourceVersions: proxy.versions(kind)}
		if err := send(request); err != nil {
			return err
		}
	}
	for {
		answer, err := stream.Recv()
		if err != nil {
			return err
		}
		reply := &discoveryv3.DeltaDiscoveryRequest{TypeUrl: answer.TypeUrl, ResponseNonce: answer.Nonce}
		if err := proxy.take(answer); err != nil {
			log.Printf("refused: %v", err)
			reply.ErrorDetail = &status.Status{Code: int32(codes.InvalidArgument), Message: err.Error()}
		}
		if err := send(reply); err != nil {
			return err
		}
		for kind, names := range proxy.needed() {
			request := &discoveryv3.DeltaDiscoveryRequest{TypeUrl: kind}
			for _, name := range names {
				if !slices.Contains(asked[kind], name) {
					request.ResourceNamesSubscribe = append(request.ResourceNamesSubscribe, name)
				}
			}
			for _, name := range asked[kind] {
				if !slices.Contains(names, name) {
					request.ResourceNamesUnsubscribe = append(request.ResourceNamesUnsubscribe, name)
				}
			}
			if len(request.ResourceNamesSubscribe)+len(request.ResourceNamesUnsubscribe) == 0 {
				continue
			}
			asked[kind] = names
			if err := send(request); err != nil {
				return err
			}
		}
	}
}

// identity is what the proxy shows the controller, and whom it takes for it.
func (b bootstrap) identity() (*tls.Config, error) {
	certificate, err := readSecretFile(b.certificate)
	if err != nil {
		return nil, err
	}
	authority, err := readSecretFile(b.authority)
	if err != nil {
		return nil, err
	}
	shown, err := tls.LoadX509KeyPair(certificate.Certificate.Chain.Filename, certificate.Certificate.Key.Filename)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(authority.Validation.Authority.Filename)
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", authority.Validation.Authority.Filename)
	}
	// Its certificate is for this name, whatever address it answers at (internal/crypto/certgen.go of Envoy Gateway).
	return &tls.Config{
		Certificates: []tls.Certificate{shown}, RootCAs: trusted, ServerName: "envoy-gateway", MinVersion: tls.VersionTLS12,
	}, nil
}

type fileName struct {
	Filename string `json:"filename"`
}

// secretFile is a secret of the kind that a path names: one file names others.
type secretFile struct {
	Certificate struct {
		Chain fileName `json:"certificate_chain"`
		Key   fileName `json:"private_key"`
	} `json:"tls_certificate"`
	Validation struct {
		Authority fileName `json:"trusted_ca"`
	} `json:"validation_context"`
}

func readSecretFile(path string) (secretFile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return secretFile{}, err
	}
	var file struct {
		Resources []secretFile `json:"resources"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return secretFile{}, fmt.Errorf("%s: %w", path, err)
	}
	if len(file.Resources) != 1 {
		return secretFile{}, errors.New(path + " holds not one secret")
	}
	return file.Resources[0], nil
}
