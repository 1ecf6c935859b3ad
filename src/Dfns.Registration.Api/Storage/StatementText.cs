using System.Globalization;
using System.Text;

namespace Dfns.Registration.Api.Storage;

/// <summary>SQL that is used both through EF Core, which fills places in, and as it stands.</summary>
internal static partial class StatementText
{
    /// <summary>A text with <c>{0}</c>, <c>{1}</c>, … as a statement with <c>$1</c>, <c>$2</c>, ….</summary>
    public static string ByPosition(string text, int places) =>
        string.Format(CultureInfo.InvariantCulture, CompositeFormat.Parse(text), [.. Enumerable.Range(1, places).Select(n => $"${n}")]);

    /// <summary>Tells what is run, where EF Core tells it; the values may be anybody's secrets.</summary>
    [LoggerMessage(Level = LogLevel.Information, Message = "Executed {commandText}")]
    public static partial void LogRun(ILogger logger, string commandText);
}
