namespace Dfns.Registration.Api.Settings;

/// <summary>
/// A setting that nobody but the service may read. Beside it stands one of the same name with <c>File</c> behind it, which names a file that
/// holds it; on the command line, where every user of the machine can read it, it is refused.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecretAttribute : Attribute;
