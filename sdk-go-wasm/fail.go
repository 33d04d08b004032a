package tidegate

// Verdict is what hooks answer with.
type Verdict interface {
	Auth | Admission | Transform | Events | Moderation
}

// Fail is the answer of a hook that cannot tell: a failure of the plugin, never a verdict. The filter's on_error decides.
//
//	return tidegate.Fail[tidegate.Moderation](err)
//
// The text of the error is one sentence for the operator, without secrets.
func Fail[V Verdict](err error) V {
	if err == nil {
		err = failure("the hook failed without an error")
	}
	var verdict V
	switch v := any(&verdict).(type) {
	case *Auth:
		v.err = err
	case *Admission:
		v.err = err
	case *Transform:
		v.err = err
	case *Events:
		v.err = err
	case *Moderation:
		v.err = err
	}
	return verdict
}

// failure is an error whose text does not change.
type failure string

func (f failure) Error() string { return string(f) }

// guarded runs what the author wrote; a panic becomes an error.
func guarded(run func() error) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = failure("panic: " + said(reason))
		}
	}()
	return run()
}

// said is the text of a panic, without the weight of package fmt.
func said(reason any) string {
	switch reason := reason.(type) {
	case error:
		return reason.Error()
	case string:
		return reason
	case interface{ String() string }:
		return reason.String()
	default:
		return "a value that has no text"
	}
}
