using System.Security;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Trust;

namespace Dfns.Registration.Api.Trust;

/// <summary>Reads roots from files that an operator supplied.</summary>
internal static class RootFiles
{
    private const string AllFormats = "all";

    private static readonly string[] Formats = ["packed", "tpm", "android-key", "apple", "fido-u2f", "android-safetynet"];

    /// <summary>Reads every <c>.pem</c> file of a directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="roots">The roots, when the answer is null.</param>
    /// <returns>Null, or one sentence why not.</returns>
    public static string? Read(string directory, out IReadOnlyList<TrustedRoot> roots)
    {
        roots = [];
        var read = new List<TrustedRoot>();
        try
        {
            foreach (var file in Directory.GetFiles(directory, "*.pem").Order(StringComparer.Ordinal))
            {
                // Up to the first full stop: several files may be for one format.
                var format = Path.GetFileName(file).Split('.')[0];
                if (format != AllFormats && !Formats.Contains(format)) return $"'{Path.GetFileName(file)}' is not named after '{AllFormats}' or one of {string.Join(", ", Formats)}.";
                if (ReadPem(file).Refused(out var why, out var anchors)) return $"'{Path.GetFileName(file)}' holds something else than certificates in PEM: {why.Reason}.";
                read.AddRange(anchors.Select(anchor => new TrustedRoot(anchor, format == AllFormats ? null : format)));
            }
        }
        catch (Exception e) when (IsFileFailure(e))
        {
            return $"It cannot be read: {e.Message}";
        }

        roots = read;
        return null;
    }

    /// <summary>Reads a file of certificates.</summary>
    public static Outcome<IReadOnlyList<TrustAnchor>> ReadPem(string file) => TrustAnchor.ReadPem(File.ReadAllText(file));

    /// <summary>Whether a file cannot be read, or not by us.</summary>
    public static bool IsFileFailure(Exception e) => e is IOException or UnauthorizedAccessException or SecurityException or NotSupportedException;
}
