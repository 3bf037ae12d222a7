package kubernetes

import (
	"errors"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// checkRelease completes the inputs: name, namespace, limit, values merged with their files, and
// the version of the chart that would be installed now. Whoever changes a chart must change its
// version: nothing else of its content is compared.
func (p *kubeProvider) checkRelease(urn resource.URN, olds, news resource.PropertyMap,
) (*pulumirpc.CheckResponse, error) {
	program := news.Copy()
	if _, given := news["name"]; !given && len(olds) > 0 {
		news["name"] = olds["name"]
	}
	if name, given := news["name"]; !given || name.IsString() && name.StringValue() == "" {
		chosen, err := resource.NewUniqueHex(urn.Name()+"-", 0, 0)
		if err != nil {
			return nil, err
		}
		news["name"] = resource.NewProperty(chosen)
	}
	p.releaseDefaults(news)
	r, err := decodeRelease(news)
	if err != nil {
		return nil, err
	}
	if r.AllowNullValues {
		p.report(diag.Warning, urn, "`allowNullValues` is deprecated and has no effect; "+
			"null values in Helm chart values are preserved by default.")
	}
	var failures []*pulumirpc.CheckFailure
	if !news.ContainsUnknowns() {
		if version, err := p.chartVersion(r); err != nil {
			failures = append(failures, &pulumirpc.CheckFailure{
				Property: "chart",
				Reason:   fmt.Sprintf("%v; check the chart name and repository configuration.", err),
			})
		} else {
			r.Version = version
		}
	}
	checked := resource.NewPropertyMap(r)
	delete(checked, "resourceNames")
	delete(checked, "status")
	copyUnknowns(resource.NewProperty(checked), resource.NewProperty(program))
	copySecrets(checked, program)
	encoded, err := p.encode(checked)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: encoded, Failures: failures}, nil
}

func (p *kubeProvider) releaseDefaults(inputs resource.PropertyMap) {
	if namespace, given := inputs["namespace"]; !given || namespace.IsString() && namespace.StringValue() == "" {
		inputs["namespace"] = resource.NewProperty(p.settings.namespace)
	}
	_, timed := inputs["timeout"]
	if skip := inputs["skipAwait"]; !timed && !(skip.IsBool() && skip.BoolValue()) {
		inputs["timeout"] = resource.NewProperty(float64(defaultTimeout))
	}
	if verify := inputs["verify"]; verify.IsBool() && verify.BoolValue() {
		if keyring := inputs["keyring"]; !keyring.HasValue() || keyring.IsString() && keyring.StringValue() == "" {
			inputs["keyring"] = resource.NewProperty(os.ExpandEnv("$HOME/.gnupg/pubring.gpg"))
		}
	}
}

func (p *kubeProvider) chartVersion(r *release) (string, error) {
	configuration, err := p.charts.configuration(r.Namespace)
	if err != nil {
		return "", err
	}
	loaded, err := p.charts.load(r, configuration)
	if err != nil {
		return "", err
	}
	return loaded.Metadata.Version, nil
}

// diffRelease compares values, version and options with the state, which a refresh has brought up
// to Helm's record. Objects of the chart are not looked at.
func diffRelease(state, news resource.PropertyMap, ignored []string) (*pulumirpc.DiffResponse, error) {
	inputs := releaseInputsIn(state)
	for _, name := range ignored {
		if name == "version" {
			news["version"] = state["version"]
		}
	}
	for _, legacy := range []resource.PropertyKey{"checksum", "resourceNames"} {
		delete(inputs, legacy)
	}
	plain := func(props resource.PropertyMap) map[string]any { return props.MapRepl(nil, stripSecret) }
	found := compare(plain(state), plain(inputs), plain(news), []string{".name", ".namespace"})
	answer := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, DetailedDiff: found,
		HasDetailedDiff: len(found) > 0, Replaces: replacesIn(found),
	}
	if len(found) > 0 {
		answer.Changes = pulumirpc.DiffResponse_DIFF_SOME
	}
	return answer, nil
}

func (p *kubeProvider) createRelease(urn resource.URN, news resource.PropertyMap, preview bool,
) (*pulumirpc.CreateResponse, error) {
	r, err := decodeRelease(news)
	if err != nil {
		return nil, err
	}
	id := ""
	var broken *brokenRelease
	if !preview {
		if p.unreachable != "" {
			return nil, fmt.Errorf("can't create Helm Release with unreachable cluster: %s", p.unreachable)
		}
		id = r.id()
		if err := p.install(r); err != nil && !errors.As(err, &broken) {
			return nil, err
		}
	}
	state, err := p.encode(releaseState(news, r, preview))
	if err != nil {
		return nil, err
	}
	if broken != nil {
		p.report(diag.Warning, urn, fmt.Sprintf("Helm release %q was created but has a failed status. "+
			"Use the `helm` command to investigate the error, correct it, then retry. Reason: %v", r.Name, broken.cause))
		return nil, partial(id, fmt.Errorf("Helm release %q was created, but failed to initialize completely. "+ //nolint:staticcheck
			"Use Helm CLI to investigate: %w", id, broken), state, nil)
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: state}, nil
}

func (p *kubeProvider) updateRelease(state, news resource.PropertyMap, preview bool) (*pulumirpc.UpdateResponse, error) {
	r, err := decodeRelease(news)
	if err != nil {
		return nil, err
	}
	before, err := decodeRelease(state)
	if err != nil {
		return nil, err
	}
	var broken *brokenRelease
	if !preview {
		if p.unreachable != "" {
			return nil, fmt.Errorf("can't update Helm Release with unreachable cluster: %s", p.unreachable)
		}
		if err := p.upgrade(r, before.Namespace); err != nil && !errors.As(err, &broken) {
			return nil, err
		}
	}
	encoded, err := p.encode(releaseState(news, r, preview))
	if err != nil {
		return nil, err
	}
	if broken != nil {
		return nil, partial(r.id(), fmt.Errorf("Helm release %q failed to initialize completely. "+ //nolint:staticcheck
			"Use Helm CLI to investigate: %w", r.id(), broken), encoded, nil)
	}
	return &pulumirpc.UpdateResponse{Properties: encoded}, nil
}

// readRelease reads Helm's record. Without a state it is an import by "namespace/name".
func (p *kubeProvider) readRelease(id string, state resource.PropertyMap) (*pulumirpc.ReadResponse, error) {
	r, err := decodeRelease(state)
	if err != nil {
		return nil, err
	}
	if len(state) == 0 {
		r.Namespace, r.Name = parseID(id)
	}
	found, err := p.record(r)
	if err != nil {
		return nil, err
	}
	if !found {
		return &pulumirpc.ReadResponse{}, nil
	}
	inputs := releaseInputsIn(state)
	if inputs == nil {
		p.resolveImport(r)
		inputs = resource.NewPropertyMap(r)
		delete(inputs, "resourceNames")
		delete(inputs, "status")
		p.releaseDefaults(inputs)
	}
	encodedState, err := p.encode(releaseState(inputs, r, false))
	if err != nil {
		return nil, err
	}
	encodedInputs, err := p.encode(inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.ReadResponse{Id: id, Properties: encodedState, Inputs: encodedInputs}, nil
}

func (p *kubeProvider) deleteRelease(urn resource.URN, state resource.PropertyMap) (*emptypb.Empty, error) {
	if p.unreachable != "" {
		return nil, fmt.Errorf("can't delete Helm Release with unreachable cluster. Reason: %q", p.unreachable)
	}
	r, err := decodeRelease(state)
	if err != nil {
		return nil, err
	}
	info, err := p.uninstall(r)
	if err != nil {
		return nil, err
	}
	if info != "" {
		p.report(diag.Warning, urn, fmt.Sprintf("Helm uninstall returned information: %q", info))
	}
	return &emptypb.Empty{}, nil
}
