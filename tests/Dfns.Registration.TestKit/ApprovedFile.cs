using Xunit;

namespace Dfns.Registration.TestKit;

/// <summary>A text that others build on, kept in a file, so that a change of it is seen in the change that makes it.</summary>
public static class ApprovedFile
{
    /// <summary>Compares a text with the approved one; where they differ, leaves it beside that file and fails.</summary>
    /// <param name="path">The approved file, whose name has <c>.approved.</c> in it.</param>
    /// <param name="received">The text as it is now; lines end with <c>\n</c>.</param>
    public static void Compare(string path, string received)
    {
        var approved = File.Exists(path) ? File.ReadAllText(path) : "";
        if (string.Equals(approved, received, StringComparison.Ordinal)) return;
        Differs(path, received);
    }

    /// <summary>Leaves a text beside the file that it should be, and fails.</summary>
    /// <param name="path">The file; what is left beside it has <c>.received.</c> in its name.</param>
    /// <param name="received">The text as it is now.</param>
    public static void Differs(string path, string received)
    {
        var beside = path.Contains(".approved.", StringComparison.Ordinal) ? path.Replace(".approved.", ".received.", StringComparison.Ordinal) : Path.ChangeExtension(path, $".received{Path.GetExtension(path)}");
        File.WriteAllText(beside, received);
        Assert.Fail($"{Path.GetFileName(path)} is not what it was. Read its difference to {beside}; if it is meant, copy that file over it, and commit it with the change.");
    }
}
