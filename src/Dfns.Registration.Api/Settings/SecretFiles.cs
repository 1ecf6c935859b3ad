using System.Reflection;
using Microsoft.Extensions.Options;

namespace Dfns.Registration.Api.Settings;

/// <summary>Takes the secrets of a section from files where the settings name some, as container hosts hand them over.</summary>
/// <typeparam name="T">The options of the room.</typeparam>
internal sealed class SecretFiles<T>(BoundSection section) : IPostConfigureOptions<T>, IValidateOptions<T>
    where T : class
{
    private const int MaxSizeBytes = 16 * 1024;

    private readonly List<(PropertyInfo Secret, PropertyInfo File)> pairs =
        [.. section.Secrets.Select(secret => (secret, section.Options.GetProperty(secret.Name + "File") ?? throw new InvalidOperationException($"{section.Path(secret)} has no setting for its file.")))];

    // Told by Validate, which sees the options after all of this.
    private readonly List<string> faults = [];

    public void PostConfigure(string? name, T options)
    {
        faults.Clear();
        foreach (var (secret, file) in pairs)
        {
            if (file.GetValue(options) is not string { Length: > 0 } path) continue;
            if (secret.GetValue(options) is not null) faults.Add($"Set either {section.Path(secret)} or {section.Path(file)}, not both.");
            else if (Read(path) is { } text) secret.SetValue(options, text);
            else faults.Add($"{section.Path(file)} must name a file that the service can read and that holds the value of {section.Path(secret)}, such as '/run/secrets/{secret.Name}'.");
        }
    }

    public ValidateOptionsResult Validate(string? name, T options) => faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

    // Editors and 'echo' end a file with a line break, which is part of no secret.
    private static string? Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return file.Exists && file.Length <= MaxSizeBytes && File.ReadAllText(path).TrimEnd('\r', '\n') is { Length: > 0 } text ? text : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
