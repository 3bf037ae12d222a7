package volsync

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// cleaned are the kinds of what is there for one sync, in VolSync's order.
var cleaned = []schema.GroupVersionResource{claims, snapshots, jobs}

// restic is what both kinds say of their mover.
type restic struct {
	Repository              string                              `json:"repository"`
	CopyMethod              string                              `json:"copyMethod"`
	VolumeSnapshotClassName string                              `json:"volumeSnapshotClassName"`
	StorageClassName        string                              `json:"storageClassName"`
	Capacity                string                              `json:"capacity"`
	AccessModes             []corev1.PersistentVolumeAccessMode `json:"accessModes"`
	CacheCapacity           string                              `json:"cacheCapacity"`
	CacheStorageClassName   string                              `json:"cacheStorageClassName"`
	CacheAccessModes        []corev1.PersistentVolumeAccessMode `json:"cacheAccessModes"`
	MoverSecurityContext    *corev1.PodSecurityContext          `json:"moverSecurityContext"`
	MoverResources          *corev1.ResourceRequirements        `json:"moverResources"`
	MoverPodLabels          map[string]string                   `json:"moverPodLabels"`
	CustomCA                struct {
		SecretName string `json:"secretName"`
		Key        string `json:"key"`
	} `json:"customCA"`
	// Of a source.
	PruneIntervalDays *int32         `json:"pruneIntervalDays"`
	Unlock            string         `json:"unlock"`
	Retain            map[string]any `json:"retain"`
	// Of a destination.
	DestinationPVC     string `json:"destinationPVC"`
	RestoreAsOf        string `json:"restoreAsOf"`
	Previous           *int32 `json:"previous"`
	EnableFileDeletion bool   `json:"enableFileDeletion"`
	CleanupTempPVC     bool   `json:"cleanupTempPVC"`
	CleanupCachePVC    bool   `json:"cleanupCachePVC"`
}

// attempts is after how many movers that failed the Job is made anew (mover/restic/mover.go).
const attempts = 8

func (r *replication) side() string {
	if r.source() {
		return "src"
	}
	return "dst"
}

// synchronize goes on with a sync; done once its mover has succeeded and, of a restore, what stays of it is there.
func (m *manager) synchronize(ctx context.Context, r *replication) (made *image, done bool, failed error) {
	data, err := m.data(ctx, r)
	if err != nil || data == nil {
		return nil, false, err
	}
	cache, err := m.cache(ctx, r, data)
	if err != nil || cache == nil {
		return nil, false, err
	}
	if err := m.account(ctx, r); err != nil {
		return nil, false, err
	}
	if err := m.validate(ctx, r); err != nil {
		return nil, false, err
	}
	succeeded, err := m.move(ctx, r, data, cache)
	if err != nil || !succeeded {
		return nil, false, err
	}
	if r.source() {
		return nil, true, nil
	}
	made, err = m.keep(ctx, r, data)
	return made, made != nil, err
}

func (r *replication) job() string { return "volsync-" + r.side() + "-" + r.Name }

// account is the movers' own; their Role and its binding give no rights, and are left out.
func (m *manager) account(ctx context.Context, r *replication) error {
	client := m.client.CoreV1().ServiceAccounts(r.Namespace)
	_, err := client.Get(ctx, r.job(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = client.Create(ctx, &corev1.ServiceAccount{ObjectMeta: r.meta(r.job(), false)}, metav1.CreateOptions{})
	}
	return err
}

// validate looks for what every repository needs (utils.GetAndValidateSecret), and for the authority that is named.
func (m *manager) validate(ctx context.Context, r *replication) error {
	needed := map[string][]string{r.Spec.Restic.Repository: {"RESTIC_REPOSITORY", "RESTIC_PASSWORD"}}
	if ca := r.Spec.Restic.CustomCA; ca.SecretName != "" {
		needed[ca.SecretName] = append(needed[ca.SecretName], ca.Key)
	}
	for name, keys := range needed {
		secret, err := m.client.CoreV1().Secrets(r.Namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, key := range keys {
			if len(secret.Data[key]) == 0 {
				return fmt.Errorf("secret is missing field: %s", key)
			}
		}
	}
	return nil
}

// move makes the mover's Job where there is none, and tells whether it has succeeded. One that has failed to the end is made
// anew, for ever, with its last words in the status.
func (m *manager) move(ctx context.Context, r *replication, data, cache *corev1.PersistentVolumeClaim) (bool, error) {
	client := m.client.BatchV1().Jobs(r.Namespace)
	job, err := client.Get(ctx, r.job(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = client.Create(ctx, m.wanted(r, data, cache), metav1.CreateOptions{})
		return false, err
	}
	if err != nil || job.DeletionTimestamp != nil {
		return false, err
	}
	if wanted := r.parallelism(); *job.Spec.Parallelism != wanted {
		job.Spec.Parallelism = &wanted
		if _, err := client.Update(ctx, job, metav1.UpdateOptions{}); err != nil {
			return false, err
		}
	}
	if job.Status.Failed >= attempts {
		r.Status.LatestMoverStatus = &moverStatus{Result: "Failed", Logs: m.words(ctx, r, corev1.PodFailed, nil)}
		background := metav1.DeletePropagationBackground
		return false, client.Delete(ctx, job.Name, metav1.DeleteOptions{PropagationPolicy: &background})
	}
	if job.Status.Succeeded == 0 {
		return false, nil
	}
	r.Status.LatestMoverStatus = &moverStatus{Result: "Successful", Logs: m.words(ctx, r, corev1.PodSucceeded, told)}
	if r.source() {
		r.Status.Restic.LastUnlocked = r.Spec.Restic.Unlock
		if r.prunes(m.now()) {
			r.Status.Restic.LastPruned = &metav1.Time{Time: m.now()}
		}
	}
	return true, nil
}

func (r *replication) parallelism() int32 {
	if r.Spec.Paused {
		return 0
	}
	return 1
}

// prunes tells whether the interval since the last time, or since the source was made, is over.
func (r *replication) prunes(now time.Time) bool {
	days := int32(7)
	if r.Spec.Restic.PruneIntervalDays != nil {
		days = *r.Spec.Restic.PruneIntervalDays
	}
	last := r.CreationTimestamp.Time
	if r.Status.Restic.LastPruned != nil {
		last = r.Status.Restic.LastPruned.Time
	}
	return now.After(last.AddDate(0, 0, int(days)))
}

func (r *replication) actions(now time.Time) []string {
	if !r.source() {
		return []string{"restore"}
	}
	actions := []string{"backup"}
	if unlock := r.Spec.Restic.Unlock; unlock != "" && unlock != r.Status.Restic.LastUnlocked {
		actions = []string{"unlock", "backup"}
	}
	if r.prunes(now) {
		actions = append(actions, "prune")
	}
	return actions
}

// optional variables of the Secret that are played; others are restic's too.
var optionalVariables = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "RESTIC_COMPRESSION"}

func (m *manager) wanted(r *replication, data, cache *corev1.PersistentVolumeClaim) *batchv1.Job {
	o := r.Spec.Restic
	no, yes, limit, parallel := false, true, int32(attempts), r.parallelism()
	variable := func(name string, optional bool) corev1.EnvVar {
		return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: o.Repository}, Key: name, Optional: &optional,
		}}}
	}
	previous, options := "0", ""
	if o.Previous != nil {
		previous = strconv.Itoa(int(*o.Previous))
	}
	if o.EnableFileDeletion {
		options = "--delete"
	}
	env := []corev1.EnvVar{
		{Name: "FORGET_OPTIONS", Value: forgetOptions(o.Retain)}, {Name: "DATA_DIR", Value: "/data"}, {Name: "RESTIC_CACHE_DIR", Value: "/cache"},
		{Name: "RESTORE_AS_OF", Value: o.RestoreAsOf}, {Name: "SELECT_PREVIOUS", Value: previous}, {Name: "RESTORE_OPTIONS", Value: options},
		variable("RESTIC_REPOSITORY", false), variable("RESTIC_PASSWORD", false),
	}
	for _, name := range optionalVariables {
		env = append(env, variable(name, true))
	}
	env = append(env, corev1.EnvVar{Name: "PRIVILEGED_MOVER", Value: "0"})
	readOnly := len(data.Spec.AccessModes) == 1 && data.Spec.AccessModes[0] == corev1.ReadOnlyMany
	mounts := []corev1.VolumeMount{{Name: "data", MountPath: "/data"}, {Name: "cache", MountPath: "/cache"}, {Name: "tempdir", MountPath: "/tmp"}}
	volumes := []corev1.Volume{
		{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: data.Name, ReadOnly: readOnly}}},
		{Name: "cache", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: cache.Name}}},
		{Name: "tempdir", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}},
	}
	if o.CustomCA.SecretName != "" {
		env = append(env, corev1.EnvVar{Name: "CUSTOM_CA", Value: "/customCA/ca.crt"})
		mounts = append(mounts, corev1.VolumeMount{Name: "custom-ca", MountPath: "/customCA"})
		volumes = append(volumes, corev1.Volume{Name: "custom-ca", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: o.CustomCA.SecretName, Items: []corev1.KeyToPath{{Key: o.CustomCA.Key, Path: "ca.crt"}},
		}}})
	}
	container := corev1.Container{
		Name: "restic", Image: m.image, Command: []string{"/mover-restic/entry.sh"}, Args: r.actions(m.now()), Env: env, VolumeMounts: mounts,
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no, Privileged: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
	if o.MoverResources != nil {
		container.Resources = *o.MoverResources
	}
	labels := map[string]string{createdBy: "volsync"}
	maps.Copy(labels, o.MoverPodLabels)
	return &batchv1.Job{
		ObjectMeta: r.meta(r.job(), true),
		Spec: batchv1.JobSpec{
			BackoffLimit: &limit, Parallelism: &parallel,
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Name: r.job(), Labels: labels},
				Spec: corev1.PodSpec{
					Containers: []corev1.Container{container}, Volumes: volumes, RestartPolicy: corev1.RestartPolicyNever,
					ServiceAccountName: r.job(), SecurityContext: o.MoverSecurityContext,
				},
			},
		},
	}
}

// forgetOptions are what `restic forget` is to keep; with an empty policy it is the last one.
func forgetOptions(retain map[string]any) string {
	var options []string
	for _, name := range []string{"hourly", "daily", "weekly", "monthly", "yearly", "within", "last"} {
		if value, found := retain[name]; found {
			options = append(options, fmt.Sprintf("--keep-%s %v", name, value))
		}
	}
	if len(options) == 0 {
		return "--keep-last 1"
	}
	return strings.Join(options, " ")
}

// told are the lines of a mover that has succeeded which its status keeps (mover/restic/logfilter.go, in other words).
var told = regexp.MustCompile(`(?i)^\s*(processed .*files|snapshot .*saved|no eligible|created|repository .*opened|restoring|no parent snapshot|` +
	`using parent snapshot|added to the repository|successfully|fatal|error|restic completed in)|no data|directory is empty|restore_options|initialize dir`)

// most is how much of a mover's words a status keeps, from the end.
const most = 1024

// words are those of the newest pod of the Job in a phase, of the lines that filter lets through.
func (m *manager) words(ctx context.Context, r *replication, phase corev1.PodPhase, filter *regexp.Regexp) string {
	list, err := m.client.CoreV1().Pods(r.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "job-name=" + r.job()})
	if err != nil {
		return ""
	}
	var newest *corev1.Pod
	for i := range list.Items {
		if one := &list.Items[i]; one.Status.Phase == phase && (newest == nil || newest.CreationTimestamp.Before(&one.CreationTimestamp)) {
			newest = one
		}
	}
	if newest == nil {
		return ""
	}
	stream, err := m.client.CoreV1().Pods(r.Namespace).GetLogs(newest.Name, &corev1.PodLogOptions{}).Stream(ctx)
	if err != nil {
		return ""
	}
	defer stream.Close()
	var lines []string
	for scanner := bufio.NewScanner(stream); scanner.Scan(); {
		if line := scanner.Text(); filter == nil || filter.MatchString(line) {
			lines = append(lines, line)
		}
	}
	text := strings.Join(lines, "\n")
	return text[max(0, len(text)-most):]
}
