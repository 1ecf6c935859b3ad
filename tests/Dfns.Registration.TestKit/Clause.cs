using System.Globalization;

namespace Dfns.Registration.TestKit;

/// <summary>
/// Names the clause of a specification that a test exercises; the beginning of the test's name, <c>Accepts_</c> or <c>Refuses_</c>,
/// says in which direction. A test of the coverage reads these.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class ClauseAttribute : Attribute
{
    /// <summary>Names a numbered step, such as 9 of §7.1.</summary>
    public ClauseAttribute(string section, int step) => (Section, Rule) = (section, $"step {step.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>Names a rule of a section whose rules carry no numbers, such as "version" of §8.2.1.</summary>
    public ClauseAttribute(string section, string rule) => (Section, Rule) = (section, rule);

    /// <summary>The section: <c>7.1</c> of WebAuthn, or another document and its section, <c>RFC 5280 §6.1</c>.</summary>
    public string Section { get; }

    /// <summary>The step or rule within the section: <c>step 9</c>.</summary>
    public string Rule { get; }

    /// <inheritdoc/>
    public override string ToString() => char.IsAsciiDigit(Section[0]) ? $"§{Section} {Rule}" : $"{Section} {Rule}";
}
