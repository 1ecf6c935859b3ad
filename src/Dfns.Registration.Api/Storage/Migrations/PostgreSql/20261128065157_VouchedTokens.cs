using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class VouchedTokens : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "ix_access_tokens_vouched",
                table: "access_tokens",
                columns: new[] { "organisation_id", "vouched_by" },
                filter: "vouched_by IS NOT NULL AND revoked_at IS NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_access_tokens_vouched",
                table: "access_tokens");
        }
    }
}
