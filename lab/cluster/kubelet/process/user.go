package process

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// user is whom a container's program runs as.
type user struct {
	id, group int64
	groups    []int64
}

// identity works out the user from the image, the pod's and the container's security context; the
// error is the kubelet's (pkg/kubelet/kuberuntime/security_context.go).
func (i Image) identity(pod *corev1.Pod, container *corev1.Container) (user, error) {
	var who user
	id, group, _ := strings.Cut(i.User, ":")
	for _, one := range []struct {
		text   string
		target *int64
	}{{id, &who.id}, {group, &who.group}} {
		if one.text == "" {
			continue
		}
		number, err := strconv.ParseInt(one.text, 10, 64)
		if err != nil {
			return who, fmt.Errorf("image user %q is not a number", i.User)
		}
		*one.target = number
	}
	explicit, nonRoot := false, false
	if context := pod.Spec.SecurityContext; context != nil {
		explicit = take(&who.id, context.RunAsUser)
		take(&who.group, context.RunAsGroup)
		nonRoot = context.RunAsNonRoot != nil && *context.RunAsNonRoot
		who.groups = slices.Clone(context.SupplementalGroups)
		if context.FSGroup != nil {
			who.groups = append(who.groups, *context.FSGroup)
		}
	}
	if context := container.SecurityContext; context != nil {
		explicit = take(&who.id, context.RunAsUser) || explicit
		take(&who.group, context.RunAsGroup)
		if context.RunAsNonRoot != nil {
			nonRoot = *context.RunAsNonRoot
		}
	}
	if nonRoot && who.id == 0 {
		if explicit {
			return who, fmt.Errorf("container's runAsUser breaks non-root policy (pod: %q, container: %s)",
				pod.Name+"_"+pod.Namespace+"("+string(pod.UID)+")", container.Name)
		}
		return who, fmt.Errorf("container has runAsNonRoot and image will run as root (pod: %q, container: %s)",
			pod.Name+"_"+pod.Namespace+"("+string(pod.UID)+")", container.Name)
	}
	return who, nil
}

func take(target, given *int64) bool {
	if given != nil {
		*target = *given
	}
	return given != nil
}

// Verify tells why a container may not start as the pod's security context wants it to.
func (i Image) Verify(pod *corev1.Pod, container *corev1.Container) error {
	_, err := i.identity(pod, container)
	return err
}

// usual are the capabilities of a container that asks for nothing (containerd's default,
// pkg/oci/spec.go).
var usual = []string{
	"CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP",
	"NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
}

// capabilitiesOf are those of a program that runs as root. One that runs as somebody else has none:
// added capabilities reach it only through files' ones, as with a real runtime.
func capabilitiesOf(context *corev1.SecurityContext) []string {
	if context == nil {
		return usual
	}
	if context.Privileged != nil && *context.Privileged {
		return []string{"ALL"}
	}
	if context.Capabilities == nil {
		return usual
	}
	list := slices.Clone(usual)
	for _, dropped := range context.Capabilities.Drop {
		name := strings.TrimPrefix(strings.ToUpper(string(dropped)), "CAP_")
		list = slices.DeleteFunc(list, func(one string) bool { return name == "ALL" || one == name })
	}
	for _, added := range context.Capabilities.Add {
		if name := strings.TrimPrefix(strings.ToUpper(string(added)), "CAP_"); !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}
