using System.Diagnostics.CodeAnalysis;

namespace Dfns.Registration.Api.Errors;

/// <summary>A value read from a request, or the error to answer in its place. <c>default</c> is an error, so a forgotten result fails closed.</summary>
internal readonly struct Checked<T>
    where T : notnull
{
    private readonly T? value;
    private readonly ApiError? error;
    private readonly bool good;

    private Checked(T value)
    {
        this.value = value;
        good = true;
    }

    private Checked(ApiError error) => this.error = error;

    /// <summary>Asks whether this is an error; the only way to the value.</summary>
    public bool Failed([NotNullWhen(true)] out ApiError? error, [NotNullWhen(false)] out T? value)
    {
        value = this.value;
        error = good ? null : this.error ?? ErrorCatalog.Internal;
        return !good;
    }

    public static implicit operator Checked<T>(T value) => new(value);

    public static implicit operator Checked<T>(ApiError error) => new(error);
}
