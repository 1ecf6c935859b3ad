using System.Diagnostics.CodeAnalysis;
using Xunit;

namespace Dfns.Registration.TestKit;

/// <summary>What a test needs from the machine it runs on: a database server, a browser.</summary>
public static class Prerequisite
{
    /// <summary>
    /// Ends the running test because something is not installed: skipped on a person's machine, failed where <c>CI=true</c>,
    /// so that a build server can never pass by leaving tests out.
    /// </summary>
    /// <param name="sentence">What was not found, with the command that installs it.</param>
    [DoesNotReturn]
    public static void IsMissing(string sentence)
    {
        if (string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase))
            Assert.Fail(sentence);
        Assert.Skip(sentence);
    }
}
