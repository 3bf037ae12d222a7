package kubernetes

import (
	"errors"
	"fmt"
	"sort"
	"time"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/postrender"
	helmrelease "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// brokenRelease says that Helm recorded a release which did not become what it should. It is kept
// in the state; the next `up` upgrades it. The text is the official plugin's, also for objects
// that the server rejected.
type brokenRelease struct {
	id    string
	cause error
}

func (e *brokenRelease) Error() string {
	return fmt.Sprintf("failed to become available within allocated timeout. Error: Helm Release %s: %v", e.id, e.cause)
}

func (e *brokenRelease) Unwrap() error { return e.cause }

func limitOf(r *release) time.Duration {
	seconds := r.Timeout
	if seconds == 0 {
		seconds = defaultTimeout
	}
	return time.Duration(seconds) * time.Second
}

func postRenderer(r *release) (postrender.PostRenderer, error) {
	if r.Postrender == "" {
		return nil, nil
	}
	return postrender.NewExec(r.Postrender)
}

func installable(c *chart.Chart) error {
	if kind := c.Metadata.Type; kind != "" && kind != "application" {
		return fmt.Errorf("%s charts are not installable", kind)
	}
	return nil
}

func (p *kubeProvider) install(r *release) error {
	configuration, err := p.charts.configuration(r.Namespace)
	if err != nil {
		return err
	}
	loaded, err := p.charts.load(r, configuration)
	if err != nil {
		return err
	}
	if err := installable(loaded); err != nil {
		return err
	}
	run := action.NewInstall(configuration)
	run.ReleaseName, run.Namespace, run.CreateNamespace = r.Name, r.Namespace, r.CreateNamespace
	run.Wait, run.WaitForJobs, run.Timeout = !r.SkipAwait, !r.SkipAwait && r.WaitForJobs, limitOf(r)
	run.Atomic, run.SkipCRDs, run.Replace = r.Atomic, r.SkipCrds, r.Replace
	run.DisableHooks, run.DisableOpenAPIValidation = r.DisableWebhooks, r.DisableOpenapiValidation
	run.Devel, run.DependencyUpdate, run.SubNotes = r.Devel, r.DependencyUpdate, r.RenderSubchartNotes
	run.Description = r.Description
	if run.PostRenderer, err = postRenderer(r); err != nil {
		return err
	}
	result, err := run.RunWithContext(p.life, loaded, mergeValues(nil, r.Values))
	if err == nil {
		return r.take(result)
	}
	if result == nil {
		return err
	}
	// An atomic install has removed the release again: then there is nothing to keep.
	if _, lookupErr := action.NewGet(configuration).Run(r.Name); lookupErr != nil {
		return err
	}
	if err := r.take(result); err != nil {
		return err
	}
	return &brokenRelease{id: r.id(), cause: err}
}

func (p *kubeProvider) upgrade(r *release, namespace string) error {
	configuration, err := p.charts.configuration(namespace)
	if err != nil {
		return err
	}
	loaded, err := p.charts.load(r, configuration)
	if err != nil {
		return err
	}
	if r.Lint {
		if err := p.lint(r, configuration); err != nil {
			return err
		}
	}
	run := action.NewUpgrade(configuration)
	run.Namespace, run.Timeout = r.Namespace, limitOf(r)
	run.Wait, run.WaitForJobs = !r.SkipAwait, !r.SkipAwait && r.WaitForJobs
	run.Atomic, run.Force, run.Recreate, run.CleanupOnFail = r.Atomic, r.ForceUpdate, r.RecreatePods, r.CleanupOnFail
	run.ResetValues, run.ReuseValues = r.ResetValues, r.ReuseValues
	run.DisableHooks, run.Devel, run.SubNotes = r.DisableCRDHooks, r.Devel, r.RenderSubchartNotes
	run.Description = r.Description
	run.MaxHistory = 0
	if r.MaxHistory != nil {
		run.MaxHistory = *r.MaxHistory
	}
	if run.PostRenderer, err = postRenderer(r); err != nil {
		return err
	}
	result, err := run.RunWithContext(p.life, r.Name, loaded, mergeValues(nil, r.Values))
	if err == nil {
		return r.take(result)
	}
	if result == nil || errors.Is(err, driver.ErrNoDeployedReleases) {
		return err
	}
	if err := r.take(result); err != nil {
		return err
	}
	return fmt.Errorf("error running update: %w", &brokenRelease{id: r.id(), cause: err})
}

func (p *kubeProvider) lint(r *release, configuration *action.Configuration) error {
	path, err := p.charts.locate(r, &action.NewInstall(configuration).ChartPathOptions)
	if err != nil {
		return err
	}
	result := action.NewLint().Run([]string{path}, r.Values)
	if len(result.Errors) == 0 {
		return nil
	}
	return fmt.Errorf("malformed chart or values: \n\t%w", errors.Join(result.Errors...))
}

func (p *kubeProvider) uninstall(r *release) (info string, err error) {
	configuration, err := p.charts.configuration(r.Namespace)
	if err != nil {
		return "", err
	}
	run := action.NewUninstall(configuration)
	if r.Atomic || !r.SkipAwait {
		run.Wait, run.Timeout = true, limitOf(r)
	}
	result, err := run.Run(r.Name)
	if err != nil {
		return "", err
	}
	return result.Info, nil
}

// record fills in what Helm's newest record of the release says; false if there is none.
func (p *kubeProvider) record(r *release) (bool, error) {
	configuration, err := p.charts.configuration(r.Namespace)
	if err != nil {
		return false, err
	}
	result, err := action.NewGet(configuration).Run(r.Name)
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return true, r.take(result)
}

// resolveImport finds where an adopted release's chart came from: a folder or archive of its name
// beside the program, or else its bare name, which the program's own inputs then correct.
func (p *kubeProvider) resolveImport(r *release) {
	for _, path := range []string{r.Chart + "-" + r.Version, r.Chart + "-" + r.Version + ".tgz", r.Chart, r.Chart + ".tgz"} {
		if _, err := loader.Load(path); err == nil {
			r.Chart = path
			return
		}
	}
}

// take copies Helm's record into the release.
func (r *release) take(result *helmrelease.Release) error {
	metadata := result.Chart.Metadata
	if r.Chart == "" {
		r.Chart = metadata.Name
	}
	r.Values = mergeValues(r.Values, result.Config)
	r.Version = metadata.Version
	names, err := resourceNames(result.Manifest)
	if err != nil {
		return err
	}
	r.ResourceNames = names
	revision := result.Version
	r.Status = &releaseStatus{
		AppVersion: metadata.AppVersion, Chart: metadata.Name, Name: result.Name, Namespace: result.Namespace,
		Revision: &revision, Status: result.Info.Status.String(), Version: metadata.Version,
	}
	return nil
}

// resourceNames groups the names in a manifest by "Kind.group/apiVersion", sorted.
func resourceNames(manifest string) (map[string][]string, error) {
	names := map[string][]string{}
	for _, document := range releaseutil.SplitManifests(manifest) {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			return nil, fmt.Errorf("manifest of the release: %w", err)
		}
		if object.GetKind() == "" {
			continue
		}
		key := object.GroupVersionKind().GroupKind().String() + "/" + object.GetAPIVersion()
		names[key] = append(names[key], idOf(object))
	}
	for key := range names {
		sort.Strings(names[key])

	}
	return names, nil
}
