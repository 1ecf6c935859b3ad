using Dfns.Registration.TestKit;
using PublicApiGenerator;

namespace Dfns.Registration.Verification.Tests;

/// <summary>What users of the library build on.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public void The_public_types_are_those_that_were_approved()
    {
        var types = typeof(CredentialVerifiers).Assembly.GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false });

        ApprovedFile.Compare(Path.Combine(Root(AppContext.BaseDirectory), "tests", "Dfns.Registration.Verification.Tests", "PublicApi.approved.txt"), $"{types.ReplaceLineEndings("\n").TrimEnd()}\n");
    }

    private static string Root(string directory) => File.Exists(Path.Combine(directory, "Dfns.Registration.sln"))
        ? directory
        : Root(Directory.GetParent(directory)?.FullName ?? throw new InvalidOperationException("The tests run outside the repository."));
}
